import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LabelledMessage, shopTraffic } from '../../examples/shop/traffic.js';
import {
  type Client,
  newProject,
  type Run,
  runNow,
  startTestFlywheel,
  type TestFlywheel,
} from '../support/flywheel.js';
import { startRedis, type TestRedis } from '../support/redis.js';

const traffic = shopTraffic({ seed: 11, rounds: 2, perRound: 700, seedsPerIntent: 5 });
const SETTINGS = { retrain: { minNewLabels: 100, debounceSeconds: 0.5, maxWaitSeconds: 5, nightlyHour: null } };

/** The loop, end to end: Postgres, S3 API and queue are real; what is said and heard goes through HTTP. */
describe.each(['postgres', 'redis'] as const)('the loop, with its queue on %s', (backend) => {
  let flywheel: TestFlywheel;
  let redis: TestRedis | undefined;
  let client: Client;

  beforeAll(async () => {
    redis = backend === 'redis' ? await startRedis() : undefined;
    flywheel = await startTestFlywheel(redis ? { REDIS_URL: redis.url } : {});
    client = await newProject(flywheel, 'shop', SETTINGS);
  });
  afterAll(async () => {
    await flywheel.close();
    await redis?.close();
  });

  it('has no model before it has data', async () => {
    const { body } = await client.post('/v1/predict', { inputs: [{ text: 'hello' }] }).expect(409);
    expect(body).toMatchObject({ code: 'no-model', status: 409 });
  });

  it('trains a first model from labelled seeds, asked for by hand', async () => {
    await post(client, '/v1/predictions', traffic.seeds.map(seedPrediction));
    await post(client, '/v1/feedback', traffic.seeds.map(verdict));
    const run = await runNow(client);
    expect(run).toMatchObject({
      status: 'succeeded',
      progress: 1,
      note: null,
      modelVersion: 1,
      decision: { promoted: true },
    });
  });

  it('answers with the champion, captures its answers, and learns from corrections that arrive late and out of order', async () => {
    const [round] = traffic.rounds;
    const answers = await ask(client, round!);
    const half = Math.floor(round!.length / 2);
    const corrections = round!.map((message, i) => correction(message, answers[i]!.predictionId));
    await post(client, '/v1/feedback', corrections.slice(half).reverse());
    await post(client, '/v1/feedback', corrections.slice(0, half));
    const champion = await championAfter(client, 1);
    expect(champion.metrics.holdoutAccuracy).toBeGreaterThan(champion.metrics.championAccuracy!);
  });

  it('answers better than before on traffic that nobody has labelled', async () => {
    const before = accuracy(traffic.fresh, await askVersionOne(client));
    const after = accuracy(traffic.fresh, await ask(client, traffic.fresh));
    expect(after).toBeGreaterThan(before + 0.05);
  });

  it('tells what became of one correction', async () => {
    const { body: list } = await client.get('/v1/samples?split=train&labelled=true&limit=1&modelVersion=1').expect(200);
    const [sample] = (list as { items: { id: string }[] }).items;
    const { body: detail } = await client.get(`/v1/samples/${sample!.id}`).expect(200);
    const [statement] = (detail as { statements: { id: string }[] }).statements;
    const { body: receipt } = await client.get(`/v1/feedback/${statement!.id}`).expect(200);
    expect(receipt).toMatchObject({
      predictionId: sample!.id,
      use: 'trains models',
      live: { version: expect.any(Number) as number },
    });
    const { body: timeline } = await client.get(`/v1/predictions/${sample!.id}/timeline`).expect(200);
    const { items } = timeline as { items: { what: string; at: string }[] };
    expect(new Set(items.map(({ what }) => what))).toEqual(
      new Set(['received', 'said', 'labelled', 'in-dataset', 'in-model', 'live']),
    );
    expect(items.map(({ at }) => at)).toEqual(items.map(({ at }) => at).sort());
    expect(items.at(-1)).toMatchObject({ what: 'live', version: expect.any(Number) as number });
    await client.get('/v1/predictions/nobody/timeline').expect(404);
  });

  it('keeps balanced books and says why it rests', async () => {
    const { body: ledger } = await client.get('/v1/ledger').expect(200);
    expect(ledger).toMatchObject({ balanced: true, difference: 0 });
    const { body: loop } = await client.get('/v1/loop').expect(200);
    expect(loop).toMatchObject({ retrain: { fires: false, reason: 'no new labels since the last snapshot' } });
  });

  it('rolls back in one call, and serves the former model within seconds', async () => {
    const { body } = await client.post('/v1/models/rollback', { reason: 'a drill' }).expect(200);
    expect(body).toMatchObject({ version: 1, status: 'champion' });
    await expect
      .poll(async () => (await ask(client, traffic.fresh.slice(0, 1)))[0]!.modelVersion, { timeout: 5_000 })
      .toBe(1);
  });
});

interface Answer {
  readonly predictionId: string;
  readonly label: string;
  readonly modelVersion: number;
}

interface Model {
  readonly version: number;
  readonly status: string;
  readonly metrics: { readonly holdoutAccuracy: number; readonly championAccuracy: number | null };
}

const seedPrediction = ({ id, text, customer }: LabelledMessage) => ({
  id,
  model: { name: 'staff', version: '0' },
  input: { text },
  output: { label: 'unknown' },
  group: customer,
});
const verdict = ({ id, label }: LabelledMessage) => ({
  predictionId: id,
  kind: 'correction',
  label,
  rater: { id: 'staff', role: 'annotator' },
});
const correction = ({ label, customer }: LabelledMessage, predictionId: string) => ({
  predictionId,
  kind: 'correction',
  label,
  rater: { id: customer, role: 'user' },
});

async function post(client: Client, path: string, items: readonly object[]): Promise<void> {
  for (let start = 0; start < items.length; start += 500) {
    await client.post(path, { items: items.slice(start, start + 500) }).expect(202);
  }
}

async function ask(client: Client, messages: readonly LabelledMessage[]): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let start = 0; start < messages.length; start += 500) {
    const inputs = messages.slice(start, start + 500).map(({ text }) => ({ text }));
    const { body } = await client.post('/v1/predict', { inputs }).expect(200);
    answers.push(...(body as { results: Answer[] }).results);
  }
  return answers;
}

/** What version 1 says of the fresh messages: put in service for a moment, then the champion again. */
async function askVersionOne(client: Client): Promise<Answer[]> {
  const { version } = await championAfter(client, 1);
  await client.post('/v1/models/1/promote', { reason: 'to compare' }).expect(200);
  const first = await askServedBy(client, 1);
  await client.post(`/v1/models/${version}/promote`, { reason: 'back again' }).expect(200);
  await askServedBy(client, version);
  return first;
}

async function askServedBy(client: Client, version: number): Promise<Answer[]> {
  for (;;) {
    const answers = await ask(client, traffic.fresh);
    if (answers.every(({ modelVersion }) => modelVersion === version)) return answers;
  }
}

/** The champion, once it is a later version than the given one and no run is open. */
async function championAfter(client: Client, version: number): Promise<Model> {
  const until = Date.now() + 60_000;
  for (;;) {
    const { items } = (await client.get('/v1/models').expect(200)).body as { items: Model[] };
    const champion = items.find(({ status }) => status === 'champion');
    const { items: runs } = (await client.get('/v1/runs').expect(200)).body as { items: Run[] };
    const { body: loop } = await client.get('/v1/loop').expect(200);
    const isQuiet = runs.every(({ status }) => status !== 'running' && status !== 'queued');
    const hasNew = (loop as { retrain: { newLabels: number } }).retrain.newLabels > 0;
    if (champion && champion.version > version && isQuiet && !hasNew) return champion;
    if (Date.now() > until)
      throw new Error(`no champion after version ${version}: ${JSON.stringify({ items, runs, loop })}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

const accuracy = (messages: readonly LabelledMessage[], answers: readonly Answer[]): number =>
  messages.filter(({ label }, i) => answers[i]!.label === label).length / messages.length;
