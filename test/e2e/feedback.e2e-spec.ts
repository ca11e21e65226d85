import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aCorrection, aPrediction } from '../support/builders.js';
import { API_KEY, type Client, newProject, startTestFlywheel, type TestFlywheel } from '../support/flywheel.js';

let flywheel: TestFlywheel;
let client: Client;

beforeAll(async () => {
  flywheel = await startTestFlywheel();
  client = flywheel.as(API_KEY);
});
afterAll(() => flywheel.close());

interface Sample {
  readonly status: string;
  readonly label: string | null;
  readonly candidates: readonly string[];
}

const sample = async (id: string) => (await client.get(`/v1/samples/${id}`).expect(200)).body as Sample;

async function posted(over: object = {}) {
  const prediction = aPrediction(over);
  await client.post('/v1/predictions', prediction).expect(202);
  return prediction;
}

const say = (about: object, over: object = {}) =>
  client.post('/v1/feedback', aCorrection({ ...about, ...over })).expect(202);

describe('POST /v1/feedback', () => {
  it('is joined and readable when it is acknowledged', async () => {
    const { id } = await posted();
    await say({ predictionId: id });
    expect(await sample(id)).toMatchObject({ status: 'resolved', label: 'refund' });
  });

  it('joins by the external id, to each prediction that has it', async () => {
    const [one, two] = [await posted({ externalId: 'ticket-1' }), await posted({ externalId: 'ticket-1' })];
    await say({ externalId: 'ticket-1' });
    expect(await sample(one.id)).toMatchObject({ label: 'refund' });
    expect(await sample(two.id)).toMatchObject({ label: 'refund' });
  });

  it.each([
    ['its id', { predictionId: 'early-1' }, { id: 'early-1' }],
    ['its external id', { externalId: 'early-2' }, { id: 'early-2-id', externalId: 'early-2' }],
  ])('waits for its prediction by %s and joins when that turns up', async (_, about, prediction) => {
    const { body } = await say(about);
    const before = (await client.get(`/v1/feedback/${(body as { id: string }).id}`).expect(200)).body as object;
    expect(before).toMatchObject({ joinedAt: null, use: null });
    await posted(prediction);
    await expect.poll(() => sample(prediction.id), { timeout: 10_000 }).toMatchObject({ label: 'refund' });
  });

  it('keeps several raters: the majority wins, a tie is a dispute, an annotator overrules', async () => {
    const { id } = await posted();
    const by = (rater: string, label: string, role = 'user') =>
      say({ predictionId: id }, { label, rater: { id: rater, role } });
    await by('anna', 'refund');
    await by('ben', 'voucher');
    expect(await sample(id)).toMatchObject({ status: 'disputed', candidates: ['refund', 'voucher'] });
    await by('carl', 'voucher');
    expect(await sample(id)).toMatchObject({ status: 'resolved', label: 'voucher' });
    await by('dora', 'refund', 'annotator');
    expect(await sample(id)).toMatchObject({ status: 'resolved', label: 'refund' });
  });

  it('decides by when things were said, not by when they arrive', async () => {
    const { id } = await posted();
    await say({ predictionId: id }, { label: 'late', occurredAt: '2026-11-02T00:00:00Z' });
    await say({ predictionId: id }, { label: 'early', occurredAt: '2026-11-01T00:00:00Z' });
    expect(await sample(id)).toMatchObject({ label: 'late' });
  });

  it.each([
    ['accept', {}, { status: 'resolved', label: 'delivery' }],
    ['reject', {}, { status: 'none', label: null }],
    ['partial', { notLabel: 'delivery' }, { status: 'none', label: null }],
    ['skip', {}, { status: 'none', label: null }],
    ['rating', { rating: 4 }, { status: 'none', label: null }],
    ['comment', { comment: 'hm' }, { status: 'none', label: null }],
  ])('understands %s', async (kind, over, expected) => {
    const { id } = await posted();
    await say({ predictionId: id }, { kind, label: undefined, ...over });
    expect(await sample(id)).toMatchObject(expected);
  });

  it.each([
    ['a correction without a label', { label: undefined }, '/label'],
    ['both ids', { externalId: 'x' }, '/predictionId'],
    ['an unknown kind', { kind: 'maybe' }, '/kind'],
    ['no rater', { rater: undefined }, '/rater'],
  ])('refuses %s and says where', async (_, over, pointer) => {
    const { body } = await client.post('/v1/feedback', aCorrection({ predictionId: 'p', ...over })).expect(422);
    expect((body as { errors: { pointer: string }[] }).errors.map((error) => error.pointer)).toContain(pointer);
  });

  it('reports whose feedback speaks of predictions that never came', async () => {
    const orphans = await newProject(flywheel, 'orphans');
    const sent = (externalId: string, agent: string) =>
      orphans
        .post('/v1/feedback', aCorrection({ id: `about-${externalId}`, externalId }))
        .set('user-agent', agent)
        .expect(202);
    await sent('a', 'shop-app/1.2');
    await sent('b', 'shop-app/1.2');
    await sent('c', 'shop-web/7');
    await orphans.post('/v1/predictions', aPrediction({ externalId: 'c' })).expect(202);
    const report = async () => (await orphans.get('/v1/insights/orphans').expect(200)).body as { items: object[] };
    await expect.poll(async () => (await report()).items.length).toBe(1);
    expect((await report()).items).toMatchObject([
      {
        keyName: 'test',
        client: 'shop-app/1.2',
        parked: 2,
        examples: [
          { feedbackId: 'about-b', externalId: 'b' },
          { feedbackId: 'about-a', externalId: 'a' },
        ],
      },
    ]);
  });

  it('takes an id once, and keeps another body under it as a conflict', async () => {
    const { id } = await posted();
    const feedback = aCorrection({ predictionId: id });
    await client.post('/v1/feedback', feedback).expect(202);
    await client.post('/v1/feedback', feedback).expect(202, { status: 'duplicate', id: feedback.id });
    await client.post('/v1/feedback', { ...feedback, label: 'other' }).expect(409);
    expect(await sample(id)).toMatchObject({ label: 'refund' });
  });

  it('loses nothing when predictions and what is said about them arrive at the same moment', async () => {
    const ids = Array.from({ length: 200 }, (_, i) => `race-${i}`);
    await Promise.all(
      ids.flatMap((id) => [
        client.post('/v1/predictions', aPrediction({ id })).expect(202),
        client.post('/v1/feedback', aCorrection({ predictionId: id })).expect(202),
      ]),
    );
    const labels = async () => (await Promise.all(ids.map(sample))).filter(({ label }) => label === 'refund').length;
    await expect.poll(labels, { timeout: 20_000 }).toBe(ids.length);
    const { body } = await client.get('/v1/ledger').expect(200);
    expect(body).toMatchObject({ balanced: true, feedback: { parked: 0 } });
  });
});
