import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { PackService } from '../../src/capture/pack.service.js';
import { PartitionService } from '../../src/capture/partition.service.js';
import { ReviewStore } from '../../src/curate/review.store.js';
import { Database } from '../../src/platform/database/database.js';
import { ObjectStore } from '../../src/platform/object-store/object-store.js';
import { SideStore } from '../../src/snapshot/side.store.js';
import { aCorrection, aPrediction } from '../support/builders.js';
import { API_KEY, type Client, newProject, startTestFlywheel, type TestFlywheel } from '../support/flywheel.js';
import { rowsRead } from '../support/rows-read.js';

let flywheel: TestFlywheel;
let client: Client;
let database: Database;

beforeAll(async () => {
  flywheel = await startTestFlywheel();
  client = flywheel.as(API_KEY);
  database = flywheel.app.get(Database);
});
afterAll(() => flywheel.close());

const predictions = (from: number, count: number) =>
  Array.from({ length: count }, (_, i) => aPrediction({ id: `w${from + i}`, externalId: `x${from + i}` }));

async function post(path: string, items: readonly object[]): Promise<void> {
  for (let start = 0; start < items.length; start += 1_000)
    await client.post(path, { items: items.slice(start, start + 1_000) }).expect(202);
}

const rowsReadSoFar = (): Promise<number> =>
  rowsRead(
    database,
    ...['prediction', 'feedback', 'sample', 'payload_batch', 'prediction_conflict', 'feedback_conflict'],
  );

/** Past traffic with its feedback, straight into the tables; Postgres has not analysed them yet, as after a busy minute. */
async function fill(count: number): Promise<void> {
  await database.query(
    `insert into prediction (project_id, id, external_id, body_hash, content_hash, group_hash, split, input_kind, preview,
                             model_version, label, occurred_at, batch_id, batch_line)
     select 'default', 'w' || i, 'x' || i, 'h', 'h', 'h', 'train', 'text', 'text', '1', 'a', now(), 0, i
     from generate_series(0, $1::int - 1) i`,
    [count],
  );
  await database.query(
    `insert into feedback (project_id, id, prediction_id, kind, label, rater_id, rater_role, body_hash, occurred_at, joined_at)
     select 'default', 'f' || i, 'w' || i, 'correction', 'b', 'anna', 'user', 'h', now(), now()
     from generate_series(0, $1::int - 1) i`,
    [count],
  );
}

const NO_CANDIDATES = { disputed: [], rare: [], unanswered: [], uncertain: [], random: [], population: 0 };

describe('the write path', () => {
  it('costs what is new, not what is there: no batch reads the past', async () => {
    const old = 100_000;
    await fill(old);
    const before = await rowsReadSoFar();
    await post('/v1/predictions', predictions(old, 500));
    await post('/v1/predictions', predictions(old, 500));
    const byEitherId = Array.from({ length: 500 }, (_, i) =>
      aCorrection({ id: `n${i}`, ...(i % 2 ? { predictionId: `w${i}` } : { externalId: `x${old + i}` }) }),
    );
    await post('/v1/feedback', byEitherId);
    expect((await rowsReadSoFar()) - before).toBeLessThan(old / 10);
  });

  it('is followed by others that ask for so many predictions: they read no others either', async () => {
    const [sides, reviews] = [flywheel.app.get(SideStore), flywheel.app.get(ReviewStore)];
    const before = await rowsReadSoFar();
    // Postgres plans a statement without looking at what it is asked from the sixth time on.
    for (let from = 0; from < 5_000; from += 500) {
      const ids = Array.from({ length: 500 }, (_, i) => `w${from + i}`);
      expect((await sides.inputs('default', ids)).get(ids[7]!)).toEqual({ kind: 'text', preview: 'text' });
      const candidates = { ...NO_CANDIDATES, suspects: ids };
      expect((await reviews.previews('default', candidates)).get(ids[7]!)).toBe('text');
    }
    expect((await rowsReadSoFar()) - before).toBeLessThan(30_000);
  });

  it('needs no more statements for a thousand items than for one', async () => {
    const statements: number[] = [];
    const counted = database as unknown as { query: Database['query'] };
    const query = counted.query;
    let count = 0;
    counted.query = (...args) => {
      count += 1;
      return query(...args);
    };
    for (const size of [1, 1_000]) {
      count = 0;
      await client.post('/v1/predictions', { items: predictions(200_000 + size, size) }).expect(202);
      statements.push(count);
    }
    counted.query = query;
    // The packer and the sweeper may add some of their own meanwhile.
    for (const each of statements) expect(each).toBeLessThan(12);
  });
});

describe('bodies', () => {
  it('are readable before, while and after they move into a pack, and when their partition is gone', async () => {
    const mover = await newProject(flywheel, 'mover');
    const items = Array.from({ length: 60 }, (_, i) =>
      aPrediction({ id: `m${i}`, input: { text: `text\nof ${i} with "quotes" and \\ and 🎡` } }),
    );
    await mover.post('/v1/predictions', { items: items.slice(0, 40) }).expect(202);
    await mover.post('/v1/predictions', items[40]!).expect(202);
    await mover.post('/v1/predictions', { items: items.slice(41) }).expect(202);
    const readAll = () =>
      Promise.all(
        items.map(async ({ id }) => {
          const { body } = await mover.get(`/v1/predictions/${id}`).expect(200);
          return (body as { input: object }).input;
        }),
      );
    const expected = items.map(({ input }) => input);
    expect(await readAll()).toEqual(expected);
    await flywheel.app.get(PackService).packOpen('mover', new Date(Date.now() + 31 * 86_400_000));
    expect(await flywheel.app.get(ObjectStore).list('packs/mover/')).toHaveLength(1);
    expect(await readAll()).toEqual(expected);
    await database.query(
      `delete from payload h using payload_batch b where b.id = h.batch_id and b.project_id = 'mover'`,
    );
    expect(await readAll()).toEqual(expected);
  });

  it('rest in partitions of a day, which go when all of them is packed', async () => {
    const partitions = flywheel.app.get(PartitionService);
    const names = async () =>
      (
        await database.query<{ name: string }>(
          `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'payload'::regclass order by 1`,
        )
      ).map(({ name }) => name);
    expect(await names()).toHaveLength(10);
    for (const day of [20260102, 20260103])
      await database.query(
        `create table payload_${day} partition of payload for values from ('${day} 00:00+00') to ('${day + 1} 00:00+00')`,
      );
    await database.query(
      `with open as (insert into payload_batch (project_id, samples, bytes, received_at)
                     values ('mover', 1, 2, '2026-01-03T12:00Z') returning id, received_at)
       insert into payload select received_at, id, '{}' from open`,
    );
    await partitions.look();
    expect(await names()).toContain('payload_20260103');
    expect(await names()).not.toContain('payload_20260102');
    await flywheel.app.get(PackService).packOpen('mover', new Date(Date.now() + 31 * 86_400_000));
    // The sweep may have taken a body that old before, and be writing its pack still.
    await vi.waitFor(
      async () => {
        await partitions.look();
        expect(await names()).not.toContain('payload_20260103');
      },
      { timeout: 20_000, interval: 200 },
    );
    expect(await names()).toHaveLength(10);
  });
});
