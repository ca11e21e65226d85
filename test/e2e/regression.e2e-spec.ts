import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Database } from '../../src/platform/database/database.js';
import { seededRandom } from '../../src/platform/model-runtime/random.js';
import { type Client, newProject, runNow, startTestFlywheel, type TestFlywheel } from '../support/flywheel.js';

const SETTINGS = {
  holdoutPercent: 30,
  auditShare: 1,
  retrain: { minNewLabels: 1_000_000, nightlyHour: null },
};
const ANNA = { id: 'anna', role: 'user' };

interface House {
  readonly id: string;
  readonly vector: readonly number[];
  readonly truth: number;
}

/** Houses: so many square metres and kilometres from the centre, and what they were sold for, in thousands. */
function houses(from: number, count: number): House[] {
  return Array.from({ length: count }, (_, i) => {
    const random = seededRandom(from + i + 1);
    const [metres, kilometres] = [40 + 160 * random.next(), 30 * random.next()];
    const truth = 50 + 2 * metres - 4 * kilometres + 5 * random.normal();
    return { id: `h${from + i}`, vector: [metres, kilometres], truth };
  });
}

/** What a bad rule says of them, and what they were sold for. */
async function postHouses(client: Client, from: number, count: number, truthOf = ({ truth }: House) => truth) {
  const sold = houses(from, count);
  const predictions = sold.map(({ id, vector }) => ({
    id,
    model: { name: 'rule', version: '1' },
    input: { vector },
    output: { value: 3 * vector[0]! },
  }));
  await client.post('/v1/predictions', { items: predictions }).expect(202);
  const feedback = sold.map((house) => ({
    predictionId: house.id,
    kind: 'correction',
    value: truthOf(house),
    rater: ANNA,
  }));
  await client.post('/v1/feedback', { items: feedback }).expect(202);
}

async function decided(client: Client) {
  const { decision, modelVersion } = await runNow(client);
  return { version: modelVersion!, ...(decision as unknown as { promoted: boolean; reason: string }) };
}

describe('a project that answers with values', () => {
  let flywheel: TestFlywheel;
  let client: Client;

  beforeAll(async () => {
    flywheel = await startTestFlywheel();
    client = await newProject(flywheel, 'houses', SETTINGS);
  });
  afterAll(() => flywheel.close());

  it('is one from its first prediction on, and no answer of another kind is taken', async () => {
    await postHouses(client, 0, 400);
    const { body: settings } = await client.get('/v1/settings').expect(200);
    expect(settings).toMatchObject({ settings: { task: 'regression' } });
    const labelled = { model: { version: '1' }, input: { vector: [1, 2] }, output: { label: 'dear' } };
    const { body: refused } = await client.post('/v1/predictions', labelled).expect(422);
    expect(refused).toMatchObject({ errors: [{ pointer: '/output/label' }] });
    const said = { predictionId: 'h0', kind: 'correction', label: 'dear', rater: ANNA };
    const { body: unsaid } = await client.post('/v1/feedback', said).expect(422);
    expect(unsaid).toMatchObject({ errors: [{ pointer: '/label' }] });
    const { body: kept } = await client.patch('/v1/settings', { settings: { task: 'classification' } }).expect(422);
    expect(kept).toMatchObject({ errors: [{ detail: expect.stringContaining('it is regression') as string }] });
  });

  it('takes the other kind where that was set before there was any data', async () => {
    const other = await newProject(flywheel, 'labelled', { ...SETTINGS, task: 'classification' });
    const valued = { model: { version: '1' }, input: { vector: [1, 2] }, output: { value: 3 } };
    const { body } = await other.post('/v1/predictions', valued).expect(422);
    expect(body).toMatchObject({ errors: [{ pointer: '/output/value' }] });
    const large = { ...valued, output: { value: 1e31 } };
    expect((await other.post('/v1/predictions', large).expect(422)).body).toMatchObject({
      errors: [{ pointer: '/output/value' }],
    });
    const both = { ...valued, output: { value: 3, label: 'dear' } };
    const { body: neither } = await other.post('/v1/predictions', both).expect(422);
    expect(neither).toMatchObject({ errors: [{ pointer: '/output' }] });
  });

  it('is none where there were predictions before there were tasks: they have labels', async () => {
    const older = await newProject(flywheel, 'older', SETTINGS);
    const labelled = { model: { version: '1' }, input: { vector: [1, 2] }, output: { label: 'dear' } };
    await older.post('/v1/predictions', labelled).expect(202);
    await flywheel.app.get(Database).query("update project set settings = settings - 'task' where id = 'older'");
    // For so long the settings are remembered.
    await new Promise((resolve) => setTimeout(resolve, 5_100));
    await older.post('/v1/predictions', { ...labelled, output: { value: 3 } }).expect(422);
    const { body } = await older.get('/v1/settings').expect(200);
    expect(body).toMatchObject({ settings: { task: 'classification' } });
    await older.patch('/v1/settings', { settings: { task: 'classification' } }).expect(200);
  });

  it('shows the prediction as posted, and the median of what people of equal standing say', async () => {
    for (const [id, value] of [
      ['ben', 100],
      ['cleo', 900],
    ] as const)
      await client
        .post('/v1/feedback', { predictionId: 'h1', kind: 'correction', value, rater: { id, role: 'user' } })
        .expect(202);
    const { body } = await client.get('/v1/predictions/h1').expect(200);
    const [, house] = houses(0, 2);
    const median = [100, 900, house!.truth].sort((a, b) => a - b)[1];
    expect(body).toMatchObject({
      output: { value: 3 * house!.vector[0]! },
      label: { status: 'resolved', label: String(median) },
    });
  });

  it('promotes a first model that errs less than the best constant answer, and says by how much', async () => {
    const decision = await decided(client);
    expect(decision).toMatchObject({ promoted: true });
    expect(decision.reason).toMatch(/^first model: [\d.]+ off on average, the best constant answer [\d.]+$/);
    const { body: model } = await client.get(`/v1/models/${decision.version}`).expect(200);
    const { metrics, labels } = model as {
      labels: string[];
      metrics: { outOfFold: { error: { explained: number }; halfWidth: number } };
    };
    expect(labels).toEqual([]);
    expect(metrics.outOfFold.error.explained).toBeGreaterThan(0.95);
    expect(metrics.outOfFold.halfWidth).toBeLessThan(30);
  });

  it('answers with a value and the interval that holds the truth nine times of ten', async () => {
    const fresh = houses(5_000, 200);
    const { body } = await client.post('/v1/predict', { inputs: fresh.map(({ vector }) => ({ vector })) }).expect(200);
    const { results } = body as {
      results: { predictionId: string; value: number; interval: { low: number; high: number; level: number } }[];
    };
    const errors = results.map(({ value }, i) => Math.abs(value - fresh[i]!.truth));
    expect(errors.reduce((sum, error) => sum + error, 0) / errors.length).toBeLessThan(10);
    const held = results.filter(({ interval }, i) => {
      const { truth } = fresh[i]!;
      return interval.low <= truth && truth <= interval.high;
    });
    expect(held.length).toBeGreaterThan(160);
    expect(Object.keys(results[0]!).sort()).toEqual(['interval', 'modelVersion', 'predictionId', 'value']);
    const { body: captured } = await client.get(`/v1/predictions/${results[0]!.predictionId}`).expect(200);
    expect(captured).toMatchObject({ output: { value: results[0]!.value }, model: { name: 'flywheel' } });
  });

  it('does not promote a model that learnt nonsense', async () => {
    await postHouses(client, 1_000, 900, ({ vector }) => 900 - 3 * vector[0]!);
    const decision = await decided(client);
    expect(decision).toMatchObject({ promoted: false });
    expect(decision.reason).toMatch(/off on average$/);
  });

  it('is looked at by where on the scale it errs', async () => {
    const { body: confusion } = await client.get('/v1/insights/confusion?split=holdout').expect(200);
    const { labels } = confusion as { labels: string[] };
    expect(labels.every((label) => /^\d: (up to|above) /.test(label))).toBe(true);
    expect(labels.length).toBeLessThanOrEqual(5);
    const { cells } = confusion as { cells: number[][] };
    const [label, predicted] = [labels[0]!, labels[1]!].map(encodeURIComponent);
    const cell = `/v1/samples?split=holdout&limit=200&label=${label}&predicted=${predicted}`;
    const { body: within } = await client.get(cell).expect(200);
    expect((within as { items: object[] }).items).toHaveLength(cells[0]![1]!);
    const { body: balance } = await client.get('/v1/insights/balance').expect(200);
    const bands = (balance as { labels: object[]; task: string }).labels;
    expect(bands.length).toBeLessThanOrEqual(5);
    expect(balance).toMatchObject({ task: 'regression' });
    for (const name of ['drift', 'raters', 'suspects', 'duplicates'])
      await client.get(`/v1/insights/${name}`).expect(200);
    const { body: map } = await client.get('/v1/insights/map').expect(200);
    expect(map).toMatchObject({ isOfValues: true });
  });

  it('tells production accuracy from audits, right being what is within the tolerance', async () => {
    const { body } = await client.get('/v1/review/next?n=40').expect(200);
    const { items } = body as { items: { sampleId: string; sample: { predicted: string } }[] };
    for (const { sampleId, sample } of items)
      await client.post(`/v1/review/${sampleId}`, { value: Number(sample.predicted) + 1 }).expect(200);
    const { body: numbers } = await client.get('/v1/insights/accuracy').expect(200);
    expect(numbers).toMatchObject({ accuracy: { value: 1, samples: items.length } });
  });
});
