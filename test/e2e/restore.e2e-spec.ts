import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Database } from '../../src/platform/database/database.js';
import { ObjectStore } from '../../src/platform/object-store/object-store.js';
import { aCorrection, aPrediction } from '../support/builders.js';
import { command, copyObjects, diagnose, packAll } from '../support/commands.js';
import { API_KEY, type Client, newProject, startTestFlywheel, type TestFlywheel } from '../support/flywheel.js';

/** Enough for a few packs, and for several raters, disputes and feedback before its prediction. */
const COUNT = 2_300;
const predictions = Array.from({ length: COUNT }, (_, n) =>
  aPrediction({
    id: `p${n}`,
    externalId: `x${n % 2_000}`,
    input: { text: `text ${n} "quoted"\nand 🎡` },
    output: { label: n % 2 ? 'a' : 'b', scores: { a: 0.25, b: 0.75 } },
    ...(n % 50 === 0 && { output: null }),
    ...(n % 3 === 0 && { group: `g${n % 30}`, subject: `s${n}`, attributes: { n } }),
    ...(n % 2 === 0 && { occurredAt: '2026-01-01T00:00:00Z' }),
  }),
);
const feedback = Array.from({ length: 1_500 }, (_, n) =>
  aCorrection({
    id: `f${n}`,
    label: `label ${n % 3}`,
    rater: { id: `rater ${n % 7}`, role: n % 5 ? 'user' : 'annotator' },
    ...(n % 2 ? { predictionId: `p${n % 900}` } : { externalId: `x${n % 1_100}` }),
    ...(n % 4 === 0 && { occurredAt: '2026-01-02T00:00:00Z', comment: 'so it is' }),
  }),
);
const orphan = aCorrection({ id: 'orphan', predictionId: 'nobody' });

const READ = {
  predictions: `select to_jsonb(p) - 'seq' - 'batch_id' - 'batch_line' as row from prediction p order by project_id, id`,
  feedback: `select to_jsonb(f) - 'joined_at' || jsonb_build_object('joined', joined_at is not null) as row
             from feedback f order by project_id, id`,
  // What is likeliest where people differ is found out again within seconds.
  labels: `select to_jsonb(s) - 'revision' - 'labelled_at' - 'suggested' - 'belief' as row from sample s order by project_id, prediction_id`,
  reviews: `select to_jsonb(r) - 'leased_until' as row from review r order by project_id, sample_id`,
  projects: `select jsonb_build_object('id', id, 'settings', settings, 'name', name) as row from project order by id`,
};

async function everything(database: Database) {
  const tables = Object.entries(READ).map(async ([name, sql]) => [name, await database.query(sql)] as const);
  return Object.fromEntries(await Promise.all(tables));
}

let folder: string;
let lost: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flywheel-restore-'));
  lost = await mkdtemp(join(tmpdir(), 'flywheel-lost-'));
});
afterAll(() => Promise.all([folder, lost].map((path) => rm(path, { recursive: true, force: true }))));

const REVIEWED = 5;

/** Why each was chosen must stay known: that makes samples golden. */
async function reviewSome(client: Client): Promise<void> {
  const { body } = await client.get(`/v1/review/next?n=${REVIEWED}`).expect(200);
  const { items } = body as { items: { sampleId: string }[] };
  expect(items).toHaveLength(REVIEWED);
  for (const { sampleId } of items) await client.post(`/v1/review/${sampleId}`, { label: 'reviewed' }).expect(200);
}

/** Whose labels are medians is told by what people said alone: nothing has answered. */
async function sayValues(flywheel: TestFlywheel): Promise<void> {
  const values = await newProject(flywheel, 'values');
  await values.post('/v1/predictions', aPrediction({ id: 'v', input: { vector: [1] }, output: null })).expect(202);
  const items = [3, 10, 4].map((value) =>
    aCorrection({ predictionId: 'v', label: undefined, value, rater: { id: `rater ${value}`, role: 'user' } }),
  );
  await values.post('/v1/feedback', { items }).expect(202);
  expect((await values.get('/v1/samples/v').expect(200)).body).toMatchObject({ label: '4' });
}

/** What was said before its prediction came is joined by a job. */
const UNJOINED = `
select p.id from feedback f
join prediction p on p.project_id = f.project_id and (p.id = f.prediction_id or p.external_id = f.external_id)
where not exists (select 1 from sample s where s.project_id = p.project_id and s.prediction_id = p.id)`;

describe('the packs alone are enough', () => {
  let before: Awaited<ReturnType<typeof everything>>;

  it(
    'to restore a lost Postgres: the same predictions, feedback, labels and projects',
    { timeout: 180_000 },
    async () => {
      const flywheel = await startTestFlywheel({ FLYWHEEL_DATA_DIR: folder });
      const client = flywheel.as(API_KEY);
      const other = await newProject(flywheel, 'other', { holdoutPercent: 35 });
      await client.post('/v1/feedback', { items: [orphan, ...feedback.slice(0, 400)] }).expect(202);
      for (let n = 0; n < COUNT; n += 500) {
        await client.post('/v1/predictions', { items: predictions.slice(n, n + 500) }).expect(202);
        // Again, beside a new one: lines that are not accepted must not come back.
        const again = { ...predictions[n]!, output: { label: 'another body' } };
        await client.post('/v1/predictions', { items: [again, aPrediction({ id: `late${n}` })] }).expect(207);
      }
      for (let n = 400; n < 1_500; n += 500)
        await client.post('/v1/feedback', { items: feedback.slice(n, n + 500) }).expect(202);
      await other.post('/v1/predictions', aPrediction({ id: 'p0', externalId: 'of-other' })).expect(202);
      await other.post('/v1/feedback', aCorrection({ id: 'f0', externalId: 'of-other', label: 'own' })).expect(202);
      await sayValues(flywheel);
      await reviewSome(client);
      await expect.poll(() => flywheel.app.get(Database).query(UNJOINED), { timeout: 30_000 }).toEqual([]);
      await packAll(flywheel, ['default', 'other', 'values']);
      expect(await flywheel.app.get(Database).query('select 1 from feedback_outbox')).toEqual([]);
      before = await everything(flywheel.app.get(Database));
      expect(before.predictions).toHaveLength(COUNT + 5 + 1 + 1);
      expect(before.feedback).toHaveLength(1_502 + REVIEWED + 3);
      expect(await diagnose(folder, '--deep')).toEqual({ code: 0, healthy: true, bad: '' });
      await flywheel.close();

      await copyObjects(folder, lost);
      expect(await command(lost, ['rebuild'])).toMatchObject({ code: 0 });
      expect(await diagnose(lost, '--deep')).toEqual({ code: 0, healthy: true, bad: '' });
    },
  );

  it('and what was restored goes on as before', { timeout: 120_000 }, async () => {
    const flywheel = await startTestFlywheel({ FLYWHEEL_DATA_DIR: lost });
    const client = flywheel.as(API_KEY);
    expect(await everything(flywheel.app.get(Database))).toEqual(before);
    for (const n of [0, 1, 777, COUNT - 1]) {
      const { body } = await client.get(`/v1/predictions/p${n}`).expect(200);
      expect(body).toMatchObject({ input: predictions[n]!.input, output: predictions[n]!.output });
    }
    const again = await client.post('/v1/predictions', { items: predictions.slice(0, 1_000) });
    expect(again.body).toMatchObject({
      results: predictions.slice(0, 1_000).map(({ id }) => ({ id, status: 'duplicate' })),
    });
    const said = await client.post('/v1/feedback', { items: feedback.slice(0, 1_000) });
    expect(said.body).toMatchObject({
      results: feedback.slice(0, 1_000).map(({ id }) => ({ id, status: 'duplicate' })),
    });
    await client.post('/v1/feedback', aCorrection({ id: 'new', predictionId: 'p1', label: 'newest' })).expect(202);
    const { body: ledger } = await client.get('/v1/ledger').expect(200);
    expect(ledger).toMatchObject({ balanced: true, feedback: { parked: 1 } });
    expect(await command(lost, ['rebuild'])).toMatchObject({
      stdout: '{"packs":0,"predictions":0,"feedback":0,"reviews":0,"bases":0,"decisions":0,"quarantines":0}\n',
    });
    await flywheel.close();
  });
});

/** The database as it was before feedback went into packs. */
const BEFORE_PACKS_OF_FEEDBACK = [
  'alter table payload_batch drop column skipped',
  'drop table feedback_outbox, feedback_pack',
  `delete from _prisma_migrations where migration_name = '20261125000000_restorable'`,
];

describe('what is older than packs of feedback', () => {
  it('is packed after the upgrade, and can be restored', { timeout: 120_000 }, async () => {
    const [old, made] = [join(folder, 'old'), join(lost, 'made')];
    const said = [
      aCorrection({ id: 'o1', predictionId: 'old', comment: 'hé "x"' }),
      aCorrection({ id: 'o2', predictionId: 'old' }),
    ];
    const start = (path: string) => startTestFlywheel({ FLYWHEEL_DATA_DIR: path });
    let flywheel = await start(old);
    await flywheel
      .as(API_KEY)
      .post('/v1/predictions', aPrediction({ id: 'old' }))
      .expect(202);
    await flywheel.as(API_KEY).post('/v1/feedback', { items: said }).expect(202);
    for (const undo of BEFORE_PACKS_OF_FEEDBACK) await flywheel.app.get(Database).query(undo);
    await flywheel.close();
    flywheel = await start(old);
    await packAll(flywheel, ['default', 'other']);
    const before = await everything(flywheel.app.get(Database));
    await flywheel.close();

    await copyObjects(old, made);
    expect(await command(made, ['rebuild'])).toMatchObject({ code: 0 });
    flywheel = await start(made);
    expect(await everything(flywheel.app.get(Database))).toEqual(before);
    const { body } = await flywheel.as(API_KEY).post('/v1/feedback', { items: said }).expect(202);
    expect(body).toMatchObject({ results: [{ status: 'duplicate' }, { status: 'duplicate' }] });
    await flywheel.close();
  });
});

describe('flywheel doctor', () => {
  it(
    'finds lost objects, changed bytes, orphans and wrong books, beside the service',
    { timeout: 120_000 },
    async () => {
      const flywheel = await startTestFlywheel({ FLYWHEEL_DATA_DIR: lost });
      const [objects, database] = [flywheel.app.get(ObjectStore), flywheel.app.get(Database)];
      expect(await diagnose(lost)).toMatchObject({ code: 0, healthy: true });
      const [first, second] = await objects.list('packs/default/');
      await objects.delete(first!);
      await objects.put(second!, 'other bytes');
      await objects.put('packs/default/orphan.ndjson.gz', 'x');
      await database.query(
        `update ledger set received = received + 1, stored = stored + 1 where project_id = 'default'`,
      );
      await database.query(`insert into payload_batch (project_id, samples, bytes) values ('other', 1, 1)`);
      const { code, bad } = await diagnose(lost, '--deep');
      expect(code).toBe(1);
      expect(bad).toContain(`${first} is missing`);
      expect(bad).toContain(`${second} has other bytes`);
      expect(bad).toContain('packs/default/orphan.ndjson.gz belongs to no row');
      expect(bad).toMatch(/default: prediction stored \d+, but \d+ rows/);
      expect(bad).toContain('1 batches are neither packed nor in Postgres');
      await flywheel.close();
    },
  );

  it('says what it cannot reach', async () => {
    const { code, stdout } = await command(lost, ['doctor', '--json'], {
      DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none',
    });
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ healthy: false });
  });
});
