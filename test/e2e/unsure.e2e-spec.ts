import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Database } from '../../src/platform/database/database.js';
import { aCorrection, aMessage, aPrediction, labelledTraffic } from '../support/builders.js';
import { type Client, newProject, runNow, startTestFlywheel, type TestFlywheel } from '../support/flywheel.js';
import { everyItem, nextItems, type ReviewItem } from '../support/review.js';

const KNOWN = aMessage(1);
/** People say now this, now that of it. */
const UNCLEAR = { text: 'zxqv wkjh yyuu' };
const LABELS = ['account', 'delivery', 'refund'];

interface StandIn {
  readonly standInSeconds: number;
  readonly standInUnattendedSeconds?: number;
  readonly standInBelow: number;
}

interface Result {
  readonly predictionId: string;
  readonly label: string;
  readonly confidence: number | null;
  readonly modelVersion: number | null;
  readonly answeredBy?: string;
}

describe('where the champion is unsure', () => {
  let flywheel: TestFlywheel;

  beforeAll(async () => {
    flywheel = await startTestFlywheel();
  });
  afterAll(() => flywheel.close());

  /** A project with a champion, which asks people where that is less sure than `standInBelow`. */
  async function learnt(id: string, settings: StandIn): Promise<Client> {
    const quiet = { auditShare: 0, holdoutPercent: 30, retrain: { minNewLabels: 1_000_000, nightlyHour: null } };
    const client = await newProject(flywheel, id, { ...quiet, ...settings });
    const { predictions, feedback } = labelledTraffic(0, 300);
    const unclear = Array.from({ length: 90 }, (_, i) => ({ id: `u${i}`, text: `${UNCLEAR.text} ${i}` }));
    const asPredictions = unclear.map(({ id, text }) => aPrediction({ id, group: id, input: { text } }));
    const said = unclear.map(({ id }, i) => aCorrection({ predictionId: id, label: LABELS[i % LABELS.length]! }));
    await client.post('/v1/predictions', { items: [...predictions, ...asPredictions] }).expect(202);
    await client.post('/v1/feedback', { items: [...feedback, ...said] }).expect(202);
    await runNow(client);
    return client;
  }

  const predict = async (client: Client, ...inputs: { text: string }[]): Promise<Result[]> =>
    ((await client.post('/v1/predict', { inputs }).expect(200)).body as { results: Result[] }).results;

  /** What somebody waits for, as soon as somebody does. */
  async function waiting(client: Client): Promise<ReviewItem> {
    for (const until = Date.now() + 20_000; Date.now() < until;) {
      const found = (await nextItems(client, 5)).find(({ reason }) => reason === 'waiting');
      if (found) return found;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error('nobody waits');
  }

  it('people answer, and the request waits for them; of what it is sure of, the model answers', async () => {
    const client = await learnt('asking', { standInSeconds: 30, standInBelow: 0.8 });
    const [results] = await Promise.all([
      predict(client, { text: KNOWN.text }, UNCLEAR),
      waiting(client).then(async ({ sampleId, waitsUntil, sample }) => {
        const left = Date.parse(waitsUntil!) - Date.now();
        expect(left).toBeGreaterThan(0);
        expect(left).toBeLessThanOrEqual(30_000);
        expect(LABELS).toContain(sample.predicted);
        await client.post(`/v1/review/${sampleId}`, { label: 'spam' }).expect(200);
      }),
    ]);
    const [sure, asked] = results as [Result, Result];
    expect(sure).toMatchObject({ label: KNOWN.label, modelVersion: 1 });
    expect(sure.confidence).toBeGreaterThanOrEqual(0.8);
    expect(sure).not.toHaveProperty('answeredBy');
    expect(asked).toMatchObject({ label: 'spam', confidence: null, modelVersion: null, answeredBy: 'person' });
    // What the model would have said is kept, so that it is known how often it would have been wrong.
    const { body } = await client.get(`/v1/samples/${asked.predictionId}`).expect(200);
    expect(body).toMatchObject({ label: 'spam', model: { name: 'flywheel', version: '1' } });
    expect((body as { confidence: number }).confidence).toBeLessThan(0.8);
  });

  it('the model answers after all where nobody does in time, and nobody is said to wait any more', async () => {
    const client = await learnt('alone', { standInSeconds: 5, standInBelow: 0.8 });
    const [[result], { sampleId }] = await Promise.all([predict(client, UNCLEAR), waiting(client)]);
    expect(result).toMatchObject({ predictionId: sampleId, modelVersion: 1 });
    expect(result).not.toHaveProperty('answeredBy');
    expect((await everyItem(client)).map(({ reason }) => reason)).not.toContain('waiting');
    const noted = "select 1 from asked where project_id = 'alone'";
    await expect.poll(() => flywheel.app.get(Database).query(noted)).toEqual([]);
  });

  it('the model answers soon where nobody is at the queue', async () => {
    const client = await learnt('unattended', { standInSeconds: 50, standInUnattendedSeconds: 1, standInBelow: 0.8 });
    expect(await predict(client, UNCLEAR)).toMatchObject([{ modelVersion: 1 }]);
    await client.patch('/v1/settings', { settings: { standInUnattendedSeconds: 50 } }).expect(200);
    expect(await predict(client, UNCLEAR)).toMatchObject([{ modelVersion: 1 }]);
  });

  it('no request waits for what an application has answered by itself', async () => {
    const client = await learnt('itself', { standInSeconds: 30, standInBelow: 0.8 });
    const own = {
      model: { name: 'flywheel', version: '1' },
      input: UNCLEAR,
      output: { label: 'refund', confidence: 0.4 },
    };
    await client.post('/v1/predictions', own).expect(202);
    // How many suspects come before it is for the run to say.
    const reasons = (await everyItem(client)).map(({ reason }) => reason);
    expect(reasons).toContain('uncertain');
    expect(reasons).not.toContain('waiting');
  });

  it('nobody is asked unless the project says below which confidence', async () => {
    const client = await learnt('sure', { standInSeconds: 30, standInBelow: 0 });
    expect(await predict(client, UNCLEAR)).toMatchObject([{ modelVersion: 1 }]);
    await client.patch('/v1/settings', { settings: { standInBelow: 1.1 } }).expect(422);
  });

  it('too many who wait do not keep others from an answer', async () => {
    const client = await learnt('crowded', { standInSeconds: 2, standInBelow: 1 });
    const many = Array.from({ length: 700 }, (_, i) => ({ text: `${UNCLEAR.text} ${i}` }));
    const answers = await Promise.all([1, 2].map(() => predict(client, ...many)));
    for (const results of answers) expect(results.every(({ modelVersion }) => modelVersion === 1)).toBe(true);
  });

  it('an audit draws from what was asked as from all else, so that the golden set is not of easy inputs only', async () => {
    const client = await learnt('audited', { standInSeconds: 30, standInBelow: 1 });
    const answered: string[] = [];
    for (let i = 0; i < 16; i += 1) {
      const [[result]] = await Promise.all([
        predict(client, { text: `zxqv wkjh ${'abcdefghijklmnopqrst'[i]!.repeat(6)}` }),
        waiting(client).then(({ sampleId }) => client.post(`/v1/review/${sampleId}`, { label: 'spam' }).expect(200)),
      ]);
      answered.push(result!.predictionId);
    }
    await client.patch('/v1/settings', { settings: { auditShare: 1 } }).expect(200);
    const audits = (await everyItem(client)).filter(({ reason }) => reason === 'audit').map(({ sampleId }) => sampleId);
    expect(audits.some((id) => answered.includes(id))).toBe(true);
    expect(new Set(audits).size).toBe(audits.length);
  });
});
