import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aCorrection, aMessage, aPrediction } from '../support/builders.js';
import { type Client, newProject, runNow, startTestFlywheel, type TestFlywheel } from '../support/flywheel.js';
import { nextItems, type ReviewItem } from '../support/review.js';

const QUIET = { auditShare: 0, retrain: { minNewLabels: 1_000_000, nightlyHour: null } };

/** The review queue once somebody waits for so many answers. */
async function awaited(client: Client, count: number): Promise<readonly ReviewItem[]> {
  const items: ReviewItem[] = [];
  while (items.length < count) {
    items.push(...(await nextItems(client)));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return items;
}

/** Rejects where an answer takes much longer than what need not be waited for. */
const soon = <Answer>(answer: PromiseLike<Answer>): Promise<Answer> =>
  Promise.race([
    Promise.resolve(answer),
    new Promise<never>((_, fail) => setTimeout(() => fail(new Error('still waits')), 25_000).unref()),
  ]);

describe('before there is a model', () => {
  let flywheel: TestFlywheel;

  beforeAll(async () => {
    flywheel = await startTestFlywheel();
  });
  afterAll(() => flywheel.close());

  describe('a prediction without an answer', () => {
    const unanswered = Array.from({ length: 40 }, (_, i) =>
      aPrediction({ id: `u${i}`, group: `g${i}`, input: { text: aMessage(i).text }, output: null }),
    );
    let client: Client;

    beforeAll(async () => {
      client = await newProject(flywheel, 'collecting', {
        ...QUIET,
        holdoutPercent: 30,
        promotion: { minHoldout: 5 },
        standInSeconds: 50,
      });
      await client.post('/v1/predictions', { items: unanswered }).expect(202);
    });

    it('must be said to have none, so that a forgotten one is noticed', async () => {
      const { body } = await client.post('/v1/predictions', aPrediction({ output: undefined })).expect(422);
      expect(body).toMatchObject({ errors: [{ pointer: '/output' }] });
      expect((await client.get('/v1/predictions/u0').expect(200)).body).toMatchObject({ id: 'u0', output: null });
    });

    it('is asked about in the review, where it cannot be accepted or rejected', async () => {
      const [first] = await nextItems(client, 1);
      expect(first).toMatchObject({ reason: 'unanswered', isBlind: false, sample: { predicted: null } });
      for (const kind of ['accept', 'reject']) {
        const { body } = await client.post(`/v1/review/${first!.sampleId}`, { kind }).expect(422);
        expect(body).toMatchObject({ errors: [{ pointer: '/kind' }] });
      }
    });

    it('says nothing of what answers are like', async () => {
      const items = unanswered.map(({ id }, i) => aCorrection({ predictionId: id, label: aMessage(i).label }));
      await client.post('/v1/feedback', { items }).expect(202);
      const insight = async (path: string) => (await client.get(`/v1/insights/${path}`).expect(200)).body as unknown;
      expect(await insight('accuracy')).toMatchObject({ accuracy: null, naive: { samples: 0, accuracy: null } });
      expect(await insight('confusion')).toMatchObject({ samples: 0, labels: [] });
      expect(await insight('balance')).toMatchObject({
        resolved: 40,
        versions: [],
        labels: ['account', 'delivery', 'refund'].map((label) => ({ label, predicted: 0 })),
      });
      const { items: drifts } = (await insight('drift')) as { items: { what: string }[] };
      expect(drifts.map(({ what }) => what)).not.toContain('predicted label');
      expect((await client.get('/v1/samples?suspect=true').expect(200)).body).toMatchObject({ items: [] });
      expect((await client.get('/v1/samples/u0').expect(200)).body).toMatchObject({
        predicted: null,
        label: 'account',
      });
    });

    it('makes a first model all the same', async () => {
      const { modelVersion, decision } = await runNow(client);
      expect(decision).toMatchObject({ promoted: true });
      const { body } = await client.post('/v1/predict', { inputs: [{ text: 'my password?' }] }).expect(200);
      expect(body).toMatchObject({ results: [{ label: 'account', modelVersion }] });
    });
  });

  it('what people say tells the task, where no answer has', async () => {
    const client = await newProject(flywheel, 'valued', QUIET);
    await client.post('/v1/predictions', aPrediction({ id: 'v', input: { vector: [1, 2] }, output: null })).expect(202);
    const said = aCorrection({ predictionId: 'v', label: undefined, value: 3.5 });
    await client.post('/v1/feedback', said).expect(202);
    expect((await client.get('/v1/settings').expect(200)).body).toMatchObject({ settings: { task: 'regression' } });
    await client.patch('/v1/settings', { settings: { task: 'classification' } }).expect(422);
    expect((await client.get('/v1/samples/v').expect(200)).body).toMatchObject({ status: 'resolved', label: '3.5' });
    await client.post('/v1/predictions', aPrediction({ output: { label: 'cat' } })).expect(422);
    await client.post('/v1/predictions', aPrediction({ output: { value: 4 } })).expect(202);
  });

  it('a task that nothing has told yet can be chosen, and chosen again', async () => {
    const client = await newProject(flywheel, 'choosing', QUIET);
    await client.post('/v1/predictions', aPrediction({ output: null })).expect(202);
    await client.patch('/v1/settings', { settings: { task: 'classification' } }).expect(200);
    await client.patch('/v1/settings', { settings: { task: 'regression' } }).expect(200);
  });

  describe('a person stands in', () => {
    const inputs = (...texts: string[]) => ({ inputs: texts.map((text) => ({ text })) });

    it('only where the project says so', async () => {
      const client = await newProject(flywheel, 'alone', QUIET);
      const { body } = await client.post('/v1/predict', inputs('who is there?')).expect(409);
      expect(body).toMatchObject({ code: 'no-model' });
      expect(await nextItems(client)).toEqual([]);
      await client.patch('/v1/settings', { settings: { standInSeconds: 51 } }).expect(422);
    });

    it('and who looked at it but went away keeps nobody else from it for long', async () => {
      const client = await newProject(flywheel, 'leased', { ...QUIET, standInSeconds: 30 });
      const somebodyElse = async () => {
        const [seen] = await awaited(client, 1);
        expect(await nextItems(client)).toEqual([]);
        const [again] = await awaited(client, 1);
        expect(again).toMatchObject({ sampleId: seen!.sampleId, reason: 'waiting' });
        await client.post(`/v1/review/${again!.sampleId}`, { label: 'anybody' }).expect(200);
      };
      await Promise.all([client.post('/v1/predict', inputs('who takes it?')).expect(200), somebodyElse()]);
    });

    it('and the request waits for what they say; what is said is a label like any other', async () => {
      const client = await newProject(flywheel, 'standing', { ...QUIET, standInSeconds: 30 });
      await client.post('/v1/predictions', aPrediction({ id: 'older', output: null })).expect(202);
      const answer = client.post('/v1/predict', inputs('my parcel?', 'my money?')).expect(200);
      const [answered] = await Promise.all([
        answer,
        awaited(client, 3).then(async (items) => {
          const waiting = items.filter(({ reason }) => reason === 'waiting');
          const idOf = (text: string) => waiting.find(({ sample }) => sample.preview === text)!.sampleId;
          for (const { waitsUntil } of waiting) {
            const left = Date.parse(waitsUntil!) - Date.now();
            expect(left).toBeGreaterThan(0);
            expect(left).toBeLessThanOrEqual(30_000);
          }
          await client.post(`/v1/review/${idOf('my parcel?')}`, { label: 'delivery' }).expect(200);
          // Any tool that posts feedback may answer.
          await client
            .post('/v1/feedback', aCorrection({ predictionId: idOf('my money?'), label: 'refund' }))
            .expect(202);
        }),
      ]);
      const { results } = answered.body as { results: { predictionId: string }[] };
      const byAPerson = { confidence: null, scores: {}, modelVersion: null, answeredBy: 'person' };
      expect(results).toMatchObject([
        { label: 'delivery', ...byAPerson },
        { label: 'refund', ...byAPerson },
      ]);
      const { body } = await client.get(`/v1/samples/${results[0]!.predictionId}`).expect(200);
      expect(body).toMatchObject({ label: 'delivery', predicted: null, model: { name: 'flywheel', version: 'none' } });
    });

    it('as long as it may; what nobody answered is named, kept and asked about later', async () => {
      const client = await newProject(flywheel, 'patient', { ...QUIET, standInSeconds: 1 });
      const { body } = await client.post('/v1/predict', inputs('hello?')).expect(409);
      const { code, errors } = body as { code: string; errors: { pointer: string; detail: string }[] };
      expect(code).toBe('no-model');
      const [, id] = /^is kept as prediction (\S+)$/.exec(errors[0]!.detail)!;
      const [item] = await nextItems(client);
      expect(item).toMatchObject({ sampleId: id, reason: 'unanswered' });
    });

    it('for some of several inputs', async () => {
      const client = await newProject(flywheel, 'some', { ...QUIET, standInSeconds: 8 });
      const [{ body }, answered] = await Promise.all([
        client.post('/v1/predict', { inputs: [{ vector: [1] }, { vector: [2] }] }).expect(200),
        awaited(client, 2).then(async ([one]) => {
          await client.post(`/v1/review/${one!.sampleId}`, { value: 7 }).expect(200);
          return one!.sampleId;
        }),
      ]);
      const { results } = body as { results: { predictionId: string; value: number | null }[] };
      expect(results).toHaveLength(2);
      for (const { predictionId, value } of results) expect(value).toBe(predictionId === answered ? 7 : null);
    });

    it('for so many, and no more', async () => {
      const client = await newProject(flywheel, 'crowded', { ...QUIET, standInSeconds: 1 });
      const many = Array.from({ length: 600 }, (_, i) => `question ${i}`);
      const answers = await Promise.all([1, 2].map(() => client.post('/v1/predict', inputs(...many))));
      expect(answers.map(({ status }) => status).sort()).toEqual([409, 503]);
    });
  });

  describe('nobody is at the queue', () => {
    const ask = (client: Client, text: string) => client.post('/v1/predict', { inputs: [{ text }] });
    const alone = { ...QUIET, standInSeconds: 50, standInUnattendedSeconds: 1 };

    it('and a request waits a little, others not at all, until somebody comes', async () => {
      const client = await newProject(flywheel, 'unattended', alone);
      const { body } = await ask(client, 'is anybody there?').expect(409);
      expect(body).toMatchObject({ code: 'no-model' });
      await client.patch('/v1/settings', { settings: { standInUnattendedSeconds: 50 } }).expect(200);
      await soon(ask(client, 'and now?').expect(409));
      const items = await nextItems(client);
      expect(items.map(({ reason }) => reason)).toEqual(['unanswered', 'unanswered']);
      const [answered] = await Promise.all([
        ask(client, 'who came?').expect(200),
        awaited(client, 1).then(([item]) => client.post(`/v1/review/${item!.sampleId}`, { label: 'me' }).expect(200)),
      ]);
      expect(answered.body).toMatchObject({ results: [{ label: 'me', answeredBy: 'person' }] });
    });

    it('but who comes while a request waits is waited for', async () => {
      const client = await newProject(flywheel, 'coming', alone);
      await nextItems(client);
      const [answered] = await Promise.all([
        ask(client, 'in time?').expect(200),
        // Longer than it would wait for nobody.
        new Promise((resolve) => setTimeout(resolve, 3_000)).then(async () => {
          const [item] = await awaited(client, 1);
          await client.post(`/v1/review/${item!.sampleId}`, { label: 'yes' }).expect(200);
        }),
      ]);
      expect(answered.body).toMatchObject({ results: [{ label: 'yes' }] });
    });

    it('in another project, which changes nothing for this one', async () => {
      const [here, there] = [
        await newProject(flywheel, 'here', { ...alone, standInUnattendedSeconds: 0 }),
        await newProject(flywheel, 'there', alone),
      ];
      await nextItems(there);
      await soon(ask(here, 'here?').expect(409));
    });
  });

  it('nobody is waited for when the service stops', async () => {
    const other = await startTestFlywheel();
    const client = await newProject(other, 'stopped', { ...QUIET, standInSeconds: 50 });
    const asked = client.post('/v1/predict', { inputs: [{ text: 'anybody?' }] }).expect(409);
    const [answer] = await Promise.all([asked, awaited(client, 1).then(() => other.close())]);
    expect(answer.body).toMatchObject({ code: 'no-model' });
  });
});
