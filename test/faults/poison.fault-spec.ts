import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PackService } from '../../src/capture/pack.service.js';
import { JOBS, packPayloads } from '../../src/jobs.js';
import { Database } from '../../src/platform/database/database.js';
import { ObjectStore } from '../../src/platform/object-store/object-store.js';
import { JobQueue } from '../../src/platform/queue/job-queue.js';
import { aCorrection, aPrediction, labelledTraffic } from '../support/builders.js';
import { API_KEY, type Client, newProject, runNow, startTestFlywheel, type TestFlywheel } from '../support/flywheel.js';

let flywheel: TestFlywheel;
let client: Client;

beforeAll(async () => {
  flywheel = await startTestFlywheel();
  client = flywheel.as(API_KEY);
});
afterAll(() => flywheel.close());

const metricsOf = async (as: Client, version: number) =>
  ((await as.get(`/v1/models/${version}`).expect(200)).body as { metrics: Record<string, unknown> }).metrics;

const packAll = (projectId: string) =>
  flywheel.app.get(PackService).packOpen(projectId, new Date(Date.now() + 31 * 86_400_000));

describe('poison', () => {
  it('in a batch: 100 wrong items among 10,000 are told one by one, all others are taken, and again it changes nothing', async () => {
    const items = Array.from({ length: 10_000 }, (_, n) =>
      n % 100 === 7 ? { ...aPrediction({ id: `b${n}` }), input: { text: 7 } } : aPrediction({ id: `b${n}` }),
    );
    for (const status of ['accepted', 'duplicate']) {
      let rejected = 0;
      for (let start = 0; start < items.length; start += 1_000) {
        const batch = items.slice(start, start + 1_000);
        const { body } = await client.post('/v1/predictions', { items: batch }).expect(207);
        const { results } = body as { results: { status: string; problem?: { errors: { pointer: string }[] } }[] };
        for (const result of results.filter((one) => one.status !== status)) {
          expect(result.status).toBe('rejected');
          expect(result.problem!.errors[0]!.pointer).toMatch(/^\/items\/\d*7\/input\/text$/);
          rejected += 1;
        }
      }
      expect(rejected).toBe(100);
    }
    const { body } = await client.get('/v1/ledger').expect(200);
    expect(body).toMatchObject({ balanced: true, predictions: { stored: 9_900, rejected: 200, duplicate: 9_900 } });
  });

  it('in every queue: a payload that is no payload fails alone, with its reason', async () => {
    const queues = JOBS.map((job) => flywheel.app.get(JobQueue).queue(job));
    const poison = { projectId: 7, dueSecond: 'x' };
    const poisoned = await Promise.all(queues.map((queue) => queue.add('poison', poison)));
    for (const [n, job] of poisoned.entries()) {
      // Jobs without a payload take anything for one.
      if (JOBS[n]!.payload.safeParse(poison).success) continue;
      await expect.poll(() => job.getState(), { timeout: 20_000 }).toBe('failed');
      const failed = await queues[n]!.getJob(job.id!);
      expect(failed?.failedReason).toContain('does not match');
    }
    await flywheel.app.get(JobQueue).hint(packPayloads, { projectId: 'default' });
    const waiting = async () => (await flywheel.app.get(JobQueue).counts(packPayloads)).waiting;
    await expect.poll(waiting, { timeout: 20_000 }).toBe(0);
  });

  it('in the object store: a pack that is gone or changed is said, and the rest is served', async () => {
    const owner = await newProject(flywheel, 'packs');
    const objects = flywheel.app.get(ObjectStore);
    for (const name of ['gone', 'changed', 'whole']) {
      await owner.post('/v1/predictions', aPrediction({ id: name, input: { text: name } })).expect(202);
      await packAll('packs');
    }
    const database = flywheel.app.get(Database);
    const packs = await database.query<{ key: string }>(
      `select object_key as key from pack where project_id = 'packs' order by reserved_at`,
    );
    await objects.delete(packs[0]!.key);
    const bytes = await objects.get(packs[1]!.key);
    bytes[20]! ^= 0xff;
    await objects.put(packs[1]!.key, bytes);
    await database.query(
      `delete from payload h using payload_batch b where b.id = h.batch_id and b.project_id = 'packs'`,
    );
    for (const id of ['gone', 'changed']) {
      const { body } = await owner.get(`/v1/predictions/${id}`).expect(503).expect('retry-after', '1');
      expect(body).toMatchObject({ code: 'unavailable' });
    }
    expect((await owner.get('/v1/predictions/whole').expect(200)).body).toMatchObject({ input: { text: 'whole' } });
  });

  it(
    'in a dataset: images that are none are left out of training and wrong in the comparison',
    { timeout: 120_000 },
    async () => {
      const owner = await newProject(flywheel, 'images', { promotion: { minHoldout: 1 } });
      for (let n = 0; n < 120; n += 1) {
        const pixels = Buffer.alloc(64, n % 2 ? 220 : 30);
        const png = await sharp(pixels, { raw: { width: 8, height: 8, channels: 1 } })
          .png()
          .toBuffer();
        const bytes = n % 20 === 5 ? png.subarray(0, png.length / 2) : png;
        const image = { contentType: 'image/png', base64: bytes.toString('base64') };
        await owner.post('/v1/predictions', aPrediction({ id: `i${n}`, input: { image }, group: `g${n}` })).expect(202);
        await owner
          .post('/v1/feedback', aCorrection({ predictionId: `i${n}`, label: n % 2 ? 'light' : 'dark' }))
          .expect(202);
      }
      const ended = await runNow(owner);
      expect(ended).toMatchObject({ status: 'succeeded' });
      expect(ended.decision).not.toBeNull();
      const { excluded } = (await metricsOf(owner, 1)) as { excluded: { samples: number; first: object[] } };
      expect(excluded.samples).toBeGreaterThan(0);
      expect(excluded.first[0]).toMatchObject({ reason: 'is no image/png' });
    },
  );

  it('in a dataset: a vector of another length keeps nobody from learning', { timeout: 120_000 }, async () => {
    const owner = await newProject(flywheel, 'vectors', { promotion: { minHoldout: 1 } });
    const items = Array.from({ length: 200 }, (_, n) =>
      aPrediction({ id: `v${n}`, input: { vector: n % 40 === 3 ? [1] : [n % 2, Math.sin(n), 1] } }),
    );
    await owner.post('/v1/predictions', { items }).expect(202);
    const feedback = items.map(({ id }, n) => aCorrection({ predictionId: id, label: n % 2 ? 'odd' : 'even' }));
    await owner.post('/v1/feedback', { items: feedback }).expect(202);
    expect(await runNow(owner)).toMatchObject({ status: 'succeeded', decision: { promoted: true } });
  });

  it(
    'in a run: a dataset whose manifest is gone fails with its reason, and the next run goes on',
    { timeout: 120_000 },
    async () => {
      const owner = await newProject(flywheel, 'runs');
      const { predictions, feedback } = labelledTraffic(0, 300);
      await owner.post('/v1/predictions', { items: predictions }).expect(202);
      await owner.post('/v1/feedback', { items: feedback }).expect(202);
      const objects = flywheel.app.get(ObjectStore);
      const put = objects.put.bind(objects);
      objects.put = (key, ...rest) => (key.startsWith('snapshots/') ? Promise.resolve() : put(key, ...rest));
      const failed = await runNow(owner);
      objects.put = put;
      expect(failed.status).toBe('failed');
      expect(failed.error).toMatch(/not|missing|exist/i);
      expect(await runNow(owner)).toMatchObject({ status: 'succeeded', decision: { promoted: true } });
    },
  );
});
