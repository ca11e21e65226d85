import 'reflect-metadata';
import { Body, Controller, Get, HttpCode, Injectable, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { PredictionSchema } from '../../src/capture/capture.schema.js';
import { newId } from '../../src/core/ids.js';
import { NaturalBatcher } from '../../src/platform/batching/natural-batcher.js';
import { Database, type Prepared } from '../../src/platform/database/database.js';

const TABLE = 'create table if not exists bench_least (id text primary key, body text not null)';
const INSERT: Prepared = {
  name: 'bench.least',
  text: 'insert into bench_least select * from unnest($1::text[], $2::text[]) on conflict do nothing',
};

interface Row {
  readonly id: string;
  readonly body: string;
}

/**
 * The least that keeps what it acknowledges: an id and a body in one table, many requests a commit. No key is checked,
 * nothing is hashed, packed, counted or joined: what any durable acknowledgement costs on this machine.
 */
@Injectable()
class LeastService {
  private readonly database = new Database(process.env.DATABASE_URL!);
  private readonly batcher = new NaturalBatcher<Row, string>((rows) => this.commit(rows), {
    batchItems: 1_000,
    waitingItems: 100_000,
  });

  async onModuleInit() {
    await this.database.query(TABLE);
  }

  async accept(body: unknown) {
    const posted = PredictionSchema.parse(body);
    const [id] = await this.batcher.submit([{ id: posted.id ?? newId(), body: JSON.stringify(posted) }]);
    return { status: 'accepted', id };
  }

  private async commit(rows: readonly Row[]): Promise<string[]> {
    const ids = rows.map(({ id }) => id);
    await this.database.query(INSERT, [ids, rows.map(({ body }) => body)]);
    return ids;
  }
}

@Controller('v1/predictions')
class LeastController {
  constructor(private readonly service: LeastService) {}

  @Get()
  ready() {
    return {};
  }

  @Post()
  @HttpCode(202)
  accept(@Body() body: unknown) {
    return this.service.accept(body);
  }
}

@Module({ controllers: [LeastController], providers: [LeastService] })
class LeastModule {}

const app = await NestFactory.create(LeastModule, new FastifyAdapter(), { logger: false });
await app.listen(Number(process.env.PORT), '127.0.0.1');
