import { PredictionSchema } from '../../src/capture/capture.schema.js';
import { newId } from '../../src/core/ids.js';
import { NaturalBatcher } from '../../src/platform/batching/natural-batcher.js';
import { Database, type Prepared } from '../../src/platform/database/database.js';
import { servePredictions } from './serve-predictions.js';

const TABLE = 'create table if not exists bench_least (id text primary key, body text not null)';
const INSERT: Prepared = {
  name: 'bench.least',
  text: 'insert into bench_least select * from unnest($1::text[], $2::text[]) on conflict do nothing',
};

interface Row {
  readonly id: string;
  readonly body: string;
}

const database = new Database(process.env.DATABASE_URL!);
await database.query(TABLE);

const batcher = new NaturalBatcher<Row, string>(
  async (rows) => {
    const ids = rows.map(({ id }) => id);
    await database.query(INSERT, [ids, rows.map(({ body }) => body)]);
    return ids;
  },
  { batchItems: 1_000, waitingItems: 100_000 },
);

/*
 * The least that keeps what it acknowledges: an id and a body in one table, many requests a commit. No key is checked,
 * nothing is hashed, packed, counted or joined: what any durable acknowledgement costs on this machine.
 */
await servePredictions(async (body) => {
  const posted = PredictionSchema.parse(body);
  const [id] = await batcher.submit([{ id: posted.id ?? newId(), body: JSON.stringify(posted) }]);
  return { status: 'accepted', id };
});
