import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DriftService } from '../../src/curate/drift.service.js';
import { aCorrection, aMessage, aPrediction, labelledTraffic } from '../support/builders.js';
import { type Client, newProject, runNow, startTestFlywheel, type TestFlywheel } from '../support/flywheel.js';

const SETTINGS = { holdoutPercent: 50, auditShare: 1, retrain: { minNewLabels: 1_000_000, nightlyHour: null } };

describe('insights', () => {
  let flywheel: TestFlywheel;
  let client: Client;
  const insight = async <T>(path: string): Promise<T> =>
    (await client.get(`/v1/insights/${path}`).expect(200)).body as T;

  beforeAll(async () => {
    flywheel = await startTestFlywheel();
    client = await newProject(flywheel, 'insights', SETTINGS);
  });
  afterAll(() => flywheel.close());

  it('say nothing, and do not fail, where there is nothing', async () => {
    const nothing = { accuracy: null, outlook: null, recall: [], naive: { samples: 0, accuracy: null } };
    expect(await insight('accuracy')).toMatchObject(nothing);
    expect(await insight('drift')).toEqual({ items: [] });
    expect(await insight('raters')).toMatchObject({ items: [], disputes: [] });
    expect(await insight('suspects')).toEqual({ items: [] });
    expect(await insight('duplicates')).toEqual({ items: [], looked: 0, duplicates: 0 });
    await client.get('/v1/insights/map').expect(404);
    await client.get('/v1/insights/accuracy?days=0').expect(422);
  });

  it('of some samples by their ids', async () => {
    const few = await newProject(flywheel, 'few');
    const items = ['a', 'b, c', 'd'].map((id) => aPrediction({ id }));
    await few.post('/v1/predictions', { items }).expect(202);
    const asked = async (query: string) => {
      const { body } = await few.get(`/v1/samples?${query}`).expect(200);
      return (body as { items: { id: string }[] }).items.map(({ id }) => id);
    };
    expect(await asked('id=d&id=b%2C%20c&id=nobody')).toEqual(['d', 'b, c']);
    expect(await asked('id=a')).toEqual(['a']);
    const { body } = await client.get('/v1/samples?id=a').expect(200);
    expect(body).toMatchObject({ items: [] });
    const many = Array.from({ length: 101 }, (_, i) => `id=${i}`).join('&');
    expect((await few.get(`/v1/samples?${many}`).expect(422)).body).toMatchObject({ errors: [{ pointer: '/id' }] });
  });

  it('tell accuracy from random audits, beside what users who spoke up say', async () => {
    const right = Array.from({ length: 300 }, (_, i) => ({ id: `m${i}`, ...aMessage(i) }));
    const items = right.map(({ id, text, label }, i) =>
      aPrediction({ id, input: { text }, output: { label: i % 10 === 0 ? 'other' : label } }),
    );
    await client.post('/v1/predictions', { items }).expect(202);
    const wrong = right.filter((_, i) => i % 10 === 0);
    const feedback = wrong.map(({ id, label }) => aCorrection({ predictionId: id, label }));
    await client.post('/v1/feedback', { items: feedback }).expect(202);
    const { body } = await client.get('/v1/review/next?n=80').expect(200);
    const { items: audits } = body as { items: { sampleId: string; probability: number }[] };
    for (const { sampleId } of audits) {
      await client.post(`/v1/review/${sampleId}`, { label: aMessage(Number(sampleId.slice(1))).label }).expect(200);
    }
    const { accuracy, naive, recall, confusion } = await insight<{
      accuracy: { value: number; low: number; high: number; samples: number };
      naive: { accuracy: number };
      recall: { label: string }[];
      confusion: { labels: string[] };
    }>('accuracy?days=1');
    expect(accuracy.samples).toBe(80);
    // Four standard errors: which of them are drawn is chance. Whether intervals cover is simulated in honest-accuracy.spec.
    expect(Math.abs(accuracy.value - 0.9)).toBeLessThan(0.14);
    expect(accuracy.low).toBeLessThan(accuracy.value);
    expect(accuracy.high).toBeGreaterThan(accuracy.value);
    expect(naive.accuracy).toBeLessThan(accuracy.value - 0.05);
    expect(recall.map(({ label }) => label)).toEqual(['account', 'delivery', 'refund']);
    expect(confusion.labels).toContain('other');
  });

  it('show what raters say, how far they are trusted, and what they cannot agree on', async () => {
    const raters = await newProject(flywheel, 'raters', SETTINGS);
    const { predictions } = labelledTraffic(0, 60);
    await raters.post('/v1/predictions', { items: predictions }).expect(202);
    const say = (rater: string, labelOf: (n: number) => string) =>
      predictions.map(({ id }, n) =>
        aCorrection({ predictionId: id, label: labelOf(n), rater: { id: rater, role: 'user' } }),
      );
    const truth = (n: number): string => aMessage(n).label;
    const shifted = (n: number): string => aMessage(n + 1).label;
    const items = [
      ...say('anna', truth),
      ...say('ben', (n) => (n < 6 ? shifted(n) : truth(n))),
      ...say('mallory', shifted),
    ];
    await raters.post('/v1/feedback', { items: items.slice(0, 120) }).expect(202);
    await raters.post('/v1/feedback', { items: items.slice(120) }).expect(202);
    await raters
      .post('/v1/feedback', aCorrection({ predictionId: 'm0', label: truth(0), rater: { id: 'carla', role: 'user' } }))
      .expect(202);
    const compared = async () => (await raters.get('/v1/insights/raters').expect(200)).body as { judgedAt: string };
    await expect.poll(async () => (await compared()).judgedAt, { timeout: 30_000, interval: 500 }).not.toBeNull();
    const { items: found, disputes } = (await compared()) as unknown as {
      items: { rater: string; answers: number; agreement: number; trust: number }[];
      disputes: { sampleId: string; suggested: { label: string } }[];
    };
    const of = (name: string) => found.find(({ rater }) => rater === name)!;
    expect(of('anna')).toMatchObject({ answers: 60 });
    expect(of('anna').trust).toBeGreaterThan(of('mallory').trust + 0.3);
    expect(of('mallory').agreement).toBeLessThan(0.2);
    expect(disputes).toEqual([expect.objectContaining({ sampleId: 'm0' })]);
  });

  it('tell following the model from agreeing with it', async () => {
    const asked = await newProject(flywheel, 'asked', { ...SETTINGS, auditShare: 0 });
    await asked.post('/v1/predictions', { items: labelledTraffic(0, 100).predictions }).expect(202);
    const { body } = await asked.get('/v1/review/next?n=100').expect(200);
    const { items } = body as { items: { sampleId: string; isBlind: boolean }[] };
    const blind = items.filter(({ isBlind }) => isBlind).length;
    expect(blind).toBeGreaterThan(3);
    expect(blind).toBeLessThan(50);
    for (const { sampleId, isBlind } of items) {
      // Follows what is in sight, and says something else where nothing is.
      const decision = isBlind ? { label: 'refund' } : { kind: 'accept' };
      await asked.post(`/v1/review/${sampleId}`, { ...decision, rater: 'stamp' }).expect(200);
    }
    const { body: raters } = await asked.get('/v1/insights/raters').expect(200);
    expect((raters as { reviewers: object[] }).reviewers).toEqual([
      { rater: 'stamp', shown: 100 - blind, agreedShown: 100 - blind, hidden: blind, agreedHidden: 0 },
    ]);
  });

  it('find the same input with different labels', async () => {
    const twice = await newProject(flywheel, 'twice', SETTINGS);
    const texts = ['Where is my parcel now?', 'where is my parcel now', 'cancel the order', 'Where is my  parcel now'];
    const items = texts.map((text, i) => aPrediction({ id: `t${i}`, input: { text } }));
    const vectors = [1, 2].map((i) => aPrediction({ id: `v${i}`, input: { vector: [1, 2, 3] } }));
    await twice.post('/v1/predictions', { items: [...items, ...vectors] }).expect(202);
    await twice.post('/v1/feedback', aCorrection({ predictionId: 't0', label: 'delivery' })).expect(202);
    await twice.post('/v1/feedback', aCorrection({ predictionId: 't1', label: 'refund' })).expect(202);
    const { body } = await twice.get('/v1/insights/duplicates').expect(200);
    expect(body).toMatchObject({
      looked: 6,
      duplicates: 3,
      items: [
        { size: 3, isContradictory: true, labels: ['delivery', 'refund'] },
        { size: 2, isContradictory: false, labels: [] },
      ],
    });
  });

  it('notice that traffic has changed', async () => {
    const moving = await newProject(flywheel, 'moving', SETTINGS);
    const post = async (from: number, count: number, of: (n: number) => object) => {
      for (let at = from; at < from + count; at += 500) {
        const items = Array.from({ length: 500 }, (_, i) => aPrediction({ id: `d${at + i}`, ...of(at + i) }));
        await moving.post('/v1/predictions', { items }).expect(202);
      }
    };
    const usual = (n: number) => ({
      output: { label: ['a', 'b', 'c'][n % 3], confidence: 0.8 },
      attributes: { channel: ['web', 'app'][n % 2] },
    });
    await post(0, 4_000, usual);
    expect((await moving.get('/v1/insights/drift').expect(200)).body).toMatchObject({
      items: expect.not.arrayContaining([expect.objectContaining({ isAlarm: true })]) as unknown,
    });
    await post(4_000, 2_000, (n) => ({ ...usual(n), output: { label: n % 2 ? 'a' : 'new', confidence: 0.4 } }));
    const { body } = await moving.get('/v1/insights/drift').expect(200);
    const { items } = body as { items: { what: string; isAlarm: boolean; values: { value: string }[] }[] };
    const alarms = items.filter(({ isAlarm }) => isAlarm).map(({ what }) => what);
    expect(alarms.sort()).toEqual(['confidence', 'predicted label']);
    expect(items.find(({ what }) => what === 'predicted label')!.values[0]!.value).toBe('new');
    await expectRunBecauseOfDrift(moving);
  });

  /** Not before there is something new to learn; then once, however often it is looked. */
  async function expectRunBecauseOfDrift(moving: Client): Promise<void> {
    const runs = async () =>
      ((await moving.get('/v1/runs').expect(200)).body as { items: { trigger: string }[] }).items;
    const drift = flywheel.app.get(DriftService);
    await drift.watch();
    const feedback = Array.from({ length: 40 }, (_, i) =>
      aCorrection({ predictionId: `d${i}`, label: ['a', 'b'][i % 2] }),
    );
    await moving.post('/v1/feedback', { items: feedback }).expect(202);
    await drift.watch();
    await drift.watch();
    await expect.poll(runs, { timeout: 10_000 }).toEqual([expect.objectContaining({ trigger: 'drift' })]);
  }

  it('lay out what a model learnt from, and name the labels it doubts', async () => {
    const mapped = await newProject(flywheel, 'mapped', SETTINGS);
    const { predictions, feedback } = labelledTraffic(0, 300);
    await mapped.post('/v1/predictions', { items: predictions }).expect(202);
    const said = feedback.map((item, n) => ({ ...item, label: n < 6 ? aMessage(n + 1).label : item.label }));
    await mapped.post('/v1/feedback', { items: said }).expect(202);
    await runNow(mapped);
    const { body: map } = await mapped.get('/v1/insights/map').expect(200);
    const { ids, x, y, label, labels } = map as Record<string, unknown[]>;
    expect(labels).toEqual(['account', 'delivery', 'refund']);
    expect(new Set([ids!.length, x!.length, y!.length, label!.length]).size).toBe(1);
    const { body: suspects } = await mapped.get('/v1/insights/suspects').expect(200);
    const { items } = suspects as { items: { sampleId: string; isFlagged: boolean }[] };
    expect(items.length).toBeGreaterThan(0);
    for (const { sampleId } of items) expect(Number(sampleId.slice(1))).toBeLessThan(6);
    const { body: model } = await mapped.get('/v1/models/1').expect(200);
    const { heldOut } = (model as { metrics: { leaks: { heldOut: number } } }).metrics.leaks;
    expect(heldOut + ids!.length).toBe(300);
    expect((model as { evaluation: { leaks: { samples: number } } }).evaluation.leaks.samples).toBeGreaterThan(0);
  });
});
