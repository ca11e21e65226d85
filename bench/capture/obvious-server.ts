import 'reflect-metadata';
import { Body, Controller, Get, HttpCode, Injectable, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { createPostgresBackend, Queue, setDefaultBackendFactory } from 'bullmq';
import { PredictionSchema } from '../../src/capture/capture.schema.js';
import { newId } from '../../src/core/ids.js';
import { Database } from '../../src/platform/database/database.js';

const databaseUrl = process.env.DATABASE_URL!;
setDefaultBackendFactory(createPostgresBackend);

/** The design one would write first: validate, insert a row, add a job, answer. */
@Injectable()
class ObviousService {
  private readonly database = new Database(databaseUrl);
  private readonly queue = new Queue('bench.obvious', { connection: { connectionString: databaseUrl } } as never);

  async accept(body: unknown) {
    const posted = PredictionSchema.parse(body);
    const predictionId = posted.id ?? newId();
    await this.database.prisma.predictionConflict.create({
      data: { projectId: 'bench-obvious', predictionId, bodyHash: '', body: JSON.stringify(posted) },
    });
    await this.queue.add('store', { id: predictionId }, { removeOnComplete: true });
    return { status: 'accepted', id: predictionId };
  }
}

@Controller('v1/predictions')
class ObviousController {
  constructor(private readonly service: ObviousService) {}

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

@Module({ controllers: [ObviousController], providers: [ObviousService] })
class ObviousModule {}

const app = await NestFactory.create(ObviousModule, new FastifyAdapter(), { logger: false });
await app.listen(Number(process.env.PORT), '127.0.0.1');
