import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import sharp from 'sharp';
import { seededRandom } from '../../src/platform/model-runtime/random.js';
import type { TrainingMetrics } from '../../src/platform/model-runtime/types.js';
import { aCorrection, aLongMessage, aPrediction, labelledTraffic } from '../support/builders.js';
import {
  type Client,
  endOfRun,
  newProject,
  type Run,
  runNow,
  startTestFlywheel,
  type TestFlywheel,
} from '../support/flywheel.js';

let flywheel: TestFlywheel;
/** Of vi.waitFor. */
const WITHIN = { timeout: 30_000, interval: 200 };
const MANUAL = { retrain: { minNewLabels: 1_000_000, nightlyHour: null } };

beforeAll(async () => {
  flywheel = await startTestFlywheel();
});
afterAll(() => flywheel.close());

async function teach(
  client: Client,
  inputs: readonly { input: object; label: string }[],
  prefix: string,
): Promise<void> {
  const items = inputs.map(({ input }, i) => aPrediction({ id: `${prefix}${i}`, input, output: { label: 'unknown' } }));
  const feedback = inputs.map(({ label }, i) => aCorrection({ predictionId: `${prefix}${i}`, label }));
  await client.post('/v1/predictions', { items }).expect(202);
  await client.post('/v1/feedback', { items: feedback }).expect(202);
}

async function answer(client: Client, input: object): Promise<string> {
  const { body } = await client.post('/v1/predict', { inputs: [input] }).expect(200);
  return (body as { results: { label: string }[] }).results[0]!.label;
}

/** Points around two centres. */
function points(count: number): { input: { vector: number[] }; label: string }[] {
  const random = seededRandom(4);
  return Array.from({ length: count }, (_, i) => {
    const centre = i % 2 === 0 ? 2 : -2;
    return {
      input: { vector: [centre + random.normal(), -centre + random.normal(), random.normal()] },
      label: i % 2 === 0 ? 'a' : 'b',
    };
  });
}

/** Small pictures: a bright square on the left or on the right. */
async function pictures(count: number): Promise<{ input: object; label: string }[]> {
  const random = seededRandom(5);
  return Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const left = i % 2 === 0 ? 2 + Math.floor(random.next() * 6) : 18 + Math.floor(random.next() * 6);
      const square = { create: { width: 8, height: 8, channels: 3 as const, background: '#fff' } };
      const png = await sharp({ create: { width: 32, height: 32, channels: 3, background: '#111' } })
        .composite([{ input: square, left, top: Math.floor(random.next() * 24) }])
        .png()
        .toBuffer();
      const image = { contentType: 'image/png', base64: png.toString('base64') };
      return { input: { image }, label: i % 2 === 0 ? 'left' : 'right' };
    }),
  );
}

describe('training', () => {
  it('learns from nothing and from all history after so many models, and is judged like any other', async () => {
    const retrain = { ...MANUAL.retrain, maxWaitSeconds: 0, refitAfterModels: 1 };
    const client = await newProject(flywheel, 'refitted', { retrain, training: { maxSamples: 100 } });
    await teach(client, points(300), 'c');
    await runNow(client);
    await runNow(client);
    const refit = await vi.waitFor(async () => {
      const { body } = await client.get('/v1/runs?limit=1').expect(200);
      const [latest] = (body as { items: (Run & { trigger: string })[] }).items;
      expect(latest).toMatchObject({ trigger: 'refit', status: 'succeeded', modelVersion: 3 });
      return latest!;
    }, WITHIN);
    expect(refit.decision).toMatchObject({ champion: { accuracy: expect.any(Number) as number } });
    const learntFrom = async (version: number) => {
      const { body } = await client.get(`/v1/models/${version}`).expect(200);
      const { parent, metrics } = body as { parent: number | null; metrics: TrainingMetrics };
      return { parent, samples: metrics.trainSamples };
    };
    const [second, third] = await Promise.all([learntFrom(2), learntFrom(3)]);
    expect(second).toMatchObject({ parent: 1 });
    expect(second.samples).toBeLessThanOrEqual(100);
    // Four of five of the 300, but for those that are left out as doubtful.
    expect(third).toMatchObject({ parent: null });
    expect(third.samples).toBeGreaterThan(200);
    expect(third.samples).toBeLessThan(280);
  });

  it('learns from nothing when it is asked to, and what is new then stays new for the next run', async () => {
    const client = await newProject(flywheel, 'fresh', MANUAL);
    const all = points(200);
    await teach(client, all.slice(0, 150), 'f');
    await runNow(client);
    await teach(client, all.slice(150), 'g');
    const { body } = await client.post('/v1/runs', { fromNothing: true }).expect(202);
    const { modelVersion } = await endOfRun(client, (body as { id: string }).id);
    await runNow(client);
    const { body: model } = await client.get(`/v1/models/${modelVersion}`).expect(200);
    expect(model).toMatchObject({ parent: null });
    const { body: snapshots } = await client.get('/v1/snapshots').expect(200);
    const [third, second] = (snapshots as { items: { trainCount: number; newLabels: number; trigger: string }[] })
      .items;
    expect(second).toMatchObject({ trigger: 'refit', newLabels: 50 });
    expect(third).toMatchObject({ trigger: 'manual', newLabels: 50, trainCount: second!.trainCount });
  });

  it('learns numeric vectors', async () => {
    const client = await newProject(flywheel, 'vectors', MANUAL);
    await teach(client, points(400), 'v');
    expect(await runNow(client)).toMatchObject({ status: 'succeeded', decision: { promoted: true } });
    expect(await answer(client, { vector: [2, -2, 0] })).toBe('a');
    expect(await answer(client, { vector: [-2, 2, 0] })).toBe('b');
    const { body } = await client.post('/v1/predict', { inputs: [{ vector: [1] }] }).expect(422);
    expect(body).toMatchObject({ errors: [{ pointer: '/inputs/0' }] });
  });

  it('learns small images', async () => {
    const client = await newProject(flywheel, 'images', MANUAL);
    const all = await pictures(240);
    await teach(client, all.slice(0, 200), 'i');
    expect(await runNow(client)).toMatchObject({ status: 'succeeded', decision: { promoted: true } });
    const answers = await Promise.all(all.slice(200).map(({ input }) => answer(client, input as { image: object })));
    expect(answers.filter((label, i) => label === all[200 + i]!.label).length).toBeGreaterThan(34);
  });

  it('grows by labels that appear later, and keeps what it knew', async () => {
    const client = await newProject(flywheel, 'growing', MANUAL);
    const { predictions, feedback } = labelledTraffic(0, 300);
    await client.post('/v1/predictions', { items: predictions }).expect(202);
    await client.post('/v1/feedback', { items: feedback }).expect(202);
    await runNow(client);
    const [parts, faults] = [
      ['code', 'door', 'key', 'number'],
      ['opens', 'jams', 'closes', 'beeps'],
    ];
    const locker = (i: number) => ({
      input: { text: `locker ${i}: ${parts[i % 4]} or ${faults[(i * 7 + 1) % 4]} please` },
      label: 'locker',
    });
    await teach(
      client,
      Array.from({ length: 100 }, (_, i) => locker(i)),
      'l',
    );
    const run = await runNow(client);
    expect(run).toMatchObject({ status: 'succeeded', modelVersion: 2, decision: { promoted: true } });
    expect(await answer(client, { text: 'my locker does not open' })).toBe('locker');
    expect(await answer(client, { text: 'track my parcel' })).toBe('delivery');
    const { body } = await client.get('/v1/models/2').expect(200);
    expect(body).toMatchObject({ parent: 1, status: 'champion', labels: ['account', 'delivery', 'locker', 'refund'] });
  });

  it('refuses a run without anything to learn, and says why', async () => {
    const client = await newProject(flywheel, 'empty', MANUAL);
    const run = await runNow(client);
    expect(run).toMatchObject({ status: 'refused', modelVersion: null });
    expect(run.error).toContain('samples');
  });

  it('refuses a challenger that is not better, and keeps the decision with its numbers', async () => {
    const client = await newProject(flywheel, 'refusing', MANUAL);
    const { predictions, feedback } = labelledTraffic(0, 300);
    await client.post('/v1/predictions', { items: predictions }).expect(202);
    await client.post('/v1/feedback', { items: feedback }).expect(202);
    expect(await runNow(client)).toMatchObject({ decision: { promoted: true } });
    const second = await runNow(client);
    expect(second).toMatchObject({ status: 'succeeded', modelVersion: 2, decision: { promoted: false } });
    expect(second.decision!.reason).toContain('not better');
    const { body } = await client.get('/v1/models').expect(200);
    expect((body as { items: object[] }).items).toMatchObject([
      { version: 2, status: 'rejected' },
      { version: 1, status: 'champion' },
    ]);
    await client.post('/v1/models/2/promote', { reason: 'I know better' }).expect(200);
    const { body: forced } = await client.get('/v1/models/2').expect(200);
    expect(forced).toMatchObject({
      status: 'champion',
      decisions: [{ promoted: false }, { kind: 'manual', reason: 'I know better', actor: 'test' }],
    });
  });

  it('cancels a run within seconds', async () => {
    const client = await newProject(flywheel, 'cancelling', MANUAL);
    for (let start = 0; start < 6_000; start += 1_000) {
      const { predictions, feedback } = labelledTraffic(start, 1_000, aLongMessage);
      await client.post('/v1/predictions', { items: predictions }).expect(202);
      await client.post('/v1/feedback', { items: feedback }).expect(202);
    }
    const { body } = await client.post('/v1/runs').expect(202);
    const { id } = body as { id: string };
    const status = async () => ((await client.get(`/v1/runs/${id}`)).body as Run).status;
    await expect.poll(status, { timeout: 20_000, interval: 30 }).toBe('running');
    await client.delete(`/v1/runs/${id}`).expect(200);
    expect(await endOfRun(client, id)).toMatchObject({ status: 'cancelled', modelVersion: null });
  });

  it('streams the progress of a run as server-sent events until it ends', async () => {
    const client = await newProject(flywheel, 'streaming', MANUAL);
    const { predictions, feedback } = labelledTraffic(0, 300);
    await client.post('/v1/predictions', { items: predictions }).expect(202);
    await client.post('/v1/feedback', { items: feedback }).expect(202);
    const { body } = await client.post('/v1/runs').expect(202);
    const { text } = await client
      .get(`/v1/runs/${(body as { id: string }).id}/events`)
      .buffer(true)
      .expect(200)
      .expect('content-type', /event-stream/);
    const states = text
      .split('\n')
      .filter((line) => line.startsWith('data:'))
      .map((line) => (JSON.parse(line.slice(5)) as Run).status);
    expect(states.at(-1)).toBe('succeeded');
  });

  it('freezes the same labelled samples into the same hash, and exports them', async () => {
    const client = await newProject(flywheel, 'frozen', MANUAL);
    const { predictions, feedback } = labelledTraffic(0, 50);
    await client.post('/v1/predictions', { items: predictions }).expect(202);
    await client.post('/v1/feedback', { items: feedback }).expect(202);
    const freeze = async () => (await client.post('/v1/snapshots').expect(201)).body as { id: string; sha256: string };
    const [one, two] = [await freeze(), await freeze()];
    expect(one.sha256).toBe(two.sha256);
    const { text } = await client.get(`/v1/snapshots/${one.id}/export`).buffer(true).expect(200);
    const rows = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { id: string; label: string });
    expect(rows).toHaveLength(50);
    expect(rows.find(({ id }) => id === 'm0')).toMatchObject({ label: 'account', input: predictions[0]!.input });
  });
});
