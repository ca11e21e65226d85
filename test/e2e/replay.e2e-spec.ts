import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aCorrection, labelledTraffic } from '../support/builders.js';
import {
  ADMIN_KEY,
  type Client,
  newProject,
  runNow,
  startTestFlywheel,
  type TestFlywheel,
} from '../support/flywheel.js';

const RESTS = { minNewLabels: 1_000_000, nightlyHour: null };

interface Frozen {
  readonly trainCount: number;
  readonly newLabels: number;
  readonly samples: ReadonlyMap<string, { label: string; split: string }>;
}

/** A snapshot is made of the one before and of what has changed since; it must be what reading everything would give. */
describe('snapshots', () => {
  let flywheel: TestFlywheel;

  beforeAll(async () => {
    flywheel = await startTestFlywheel();
  });
  afterAll(() => flywheel.close());

  it('hold every change since the one before', async () => {
    const client = await newProject(flywheel, 'changes', { retrain: RESTS });
    await postTraffic(client, 0, 200);
    const first = await freeze(client);
    expect(first.samples.size).toBe(200);

    await postTraffic(client, 200, 5);
    await say(client, 'm0', 'refund', 'anna');
    await say(client, 'm1', 'refund', 'ben'); // against anna's delivery: a dispute
    await client.post('/v1/review/m2', { label: 'account' }).expect(200);
    const second = await freeze(client);
    expect(second.newLabels).toBe(7);
    expect(second.samples.get('m0')!.label).toBe('refund');
    expect(second.samples.has('m1')).toBe(false);
    expect(second.samples.get('m2')!.label).toBe('account');
    expect(second.samples.size).toBe(204);

    await say(client, 'm1', 'refund', 'carl'); // two against one
    const third = await freeze(client);
    expect(third).toMatchObject({ newLabels: 1 });
    expect(third.samples.get('m1')!.label).toBe('refund');
    for (const [id, sample] of second.samples) expect(third.samples.get(id)).toEqual(sample);
  });

  it('are bounded: all that is new, and a draw from the rest', async () => {
    const settings = { retrain: RESTS, training: { maxSamples: 100 }, holdoutPercent: 50 };
    const client = await newProject(flywheel, 'bounded', settings);
    await postTraffic(client, 0, 600);
    const first = await freeze(client);
    expect(first.trainCount).toBe(100);
    expect(first.samples.size).toBe(125);

    await postTraffic(client, 600, 60);
    const second = await freeze(client);
    expect(second).toMatchObject({ trainCount: 100, newLabels: 60 });
    const isNew = (id: string) => Number(id.slice(1)) >= 600;
    expect([...second.samples.keys()].filter(isNew).length).toBeGreaterThanOrEqual(50);
    const stayed = [...second.samples.keys()].filter((id) => first.samples.has(id)).length;
    expect(stayed).toBe(second.samples.size - [...second.samples.keys()].filter(isNew).length);
  });

  it('follow what labels are called today, and back', async () => {
    const client = await newProject(flywheel, 'labels', { retrain: RESTS });
    const operator = flywheel.as(ADMIN_KEY);
    const change = (labels: object) => operator.patch('/v1/projects/labels', { settings: { labels } });
    await postTraffic(client, 0, 150);
    expect(await trained(client)).toMatchObject({ labels: ['account', 'delivery', 'refund'], accuracy: 1 });

    await change({ renamed: { delivery: 'refund', refund: 'money' } }).expect(422);
    await change({ renamed: { delivery: 'shipping' }, retired: ['refund'] }).expect(200);
    expect(await trained(client)).toMatchObject({ labels: ['account', 'shipping'], championAccuracy: 1 });
    expect((await freeze(client)).samples.size).toBe(100);

    await change({ renamed: { delivery: 'shipping', account: 'shipping' }, retired: [] }).expect(200);
    expect(await trained(client)).toMatchObject({ labels: ['refund', 'shipping'] });
    expect((await freeze(client)).samples.size).toBe(150);
  });
});

/** The labels of the next model, and how it and the champion did. */
async function trained(client: Client) {
  const { modelVersion } = await runNow(client);
  const { body: model } = await client.get(`/v1/models/${modelVersion}`).expect(200);
  const { labels, metrics } = model as {
    labels: string[];
    metrics: { holdoutAccuracy: number; championAccuracy: number | null };
  };
  return { labels, accuracy: metrics.holdoutAccuracy, championAccuracy: metrics.championAccuracy };
}

async function postTraffic(client: Client, from: number, count: number): Promise<void> {
  const { predictions, feedback } = labelledTraffic(from, count);
  await client.post('/v1/predictions', { items: predictions }).expect(202);
  await client.post('/v1/feedback', { items: feedback }).expect(202);
}

const say = (client: Client, predictionId: string, label: string, id: string) =>
  client.post('/v1/feedback', aCorrection({ predictionId, label, rater: { id, role: 'user' } })).expect(202);

async function freeze(client: Client): Promise<Frozen> {
  const { body } = await client.post('/v1/snapshots').expect(201);
  const { id, trainCount, newLabels } = body as Frozen & { id: string };
  const { text } = await client.get(`/v1/snapshots/${id}/export?format=ndjson`).buffer(true).expect(200);
  const lines = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { id: string; label: string; split: string });
  const samples = new Map(lines.map(({ id: sample, label, split }) => [sample, { label, split }]));
  return { trainCount, newLabels, samples };
}
