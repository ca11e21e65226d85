import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/platform/model-runtime/random.js';
import { aCorrection, aPrediction } from '../support/builders.js';
import { type Client, newProject, startTestFlywheel, type TestFlywheel } from '../support/flywheel.js';

const SETTINGS = { auditShare: 0, retrain: { minNewLabels: 1_000_000, nightlyHour: null } };
const ITEMS = 150;
const truthOf = (n: number): string => (n % 2 === 0 ? 'cat' : 'dog');
/** The chance that each person sees a cat, and a dog, for what it is. */
const PEOPLE = { anna: [0.98, 0.98], ben: [0.98, 0.98], carl: [0.95, 0.1], dora: [0.95, 0.1], emil: [0.95, 0.1] };

interface Contested {
  readonly sampleId: string;
  readonly label: string;
  readonly suggested: { readonly label: string };
  readonly isAgainstMost: boolean;
  readonly answers: readonly object[];
}

interface Crowd {
  readonly method: string;
  readonly judgedAt: string | null;
  readonly items: readonly { rater: string; trust: number }[];
  readonly disputes: readonly Contested[];
  readonly decidedByTrust: readonly Contested[];
}

let flywheel: TestFlywheel;
beforeAll(async () => {
  flywheel = await startTestFlywheel();
});
afterAll(() => flywheel.close());

const idOf = (n: number): string => `p${n}`;
const said = (n: number, rater: string, label: string) =>
  aCorrection({ predictionId: idOf(n), label, rater: { id: rater, role: 'user' } });

async function crowdOf(client: Client): Promise<Crowd> {
  return (await client.get('/v1/insights/raters').expect(200)).body as Crowd;
}

async function shareRight(client: Client): Promise<number> {
  const { body } = await client.get(`/v1/samples?limit=${ITEMS}`).expect(200);
  const { items } = body as { items: { id: string; label: string | null }[] };
  return items.filter(({ id, label }) => label === truthOf(Number(id.slice(1)))).length / ITEMS;
}

async function withCrowd(id: string, people: Readonly<Record<string, readonly number[]>>): Promise<Client> {
  const client = await newProject(flywheel, id, SETTINGS);
  const numbers = Array.from({ length: ITEMS }, (_, n) => n);
  const items = numbers.map((n) => aPrediction({ id: idOf(n), input: { vector: [n, 1] }, output: { label: 'cat' } }));
  await client.post('/v1/predictions', { items }).expect(202);
  const random = seededRandom(3);
  for (const [rater, [ofCat, ofDog]] of Object.entries(people)) {
    const answers = numbers.map((n) => {
      const isRight = random.next() < (truthOf(n) === 'cat' ? ofCat! : ofDog!);
      return said(n, rater, isRight ? truthOf(n) : truthOf(n + 1));
    });
    await client.post('/v1/feedback', { items: answers }).expect(202);
  }
  return client;
}

describe('a crowd', () => {
  it('is believed by whom it is worth to trust, where that foretells better what people say', async () => {
    const client = await withCrowd('crowd', PEOPLE);
    expect(await shareRight(client)).toBeLessThan(0.7);
    await expect
      .poll(async () => (await crowdOf(client)).method, { timeout: 30_000, interval: 500 })
      .toBe('dawid-skene');
    expect(await shareRight(client)).toBeGreaterThan(0.9);

    const { items, decidedByTrust } = await crowdOf(client);
    const trustIn = (name: string): number => items.find(({ rater }) => rater === name)!.trust;
    expect(trustIn('anna')).toBeGreaterThan(trustIn('emil') + 0.2);
    expect(decidedByTrust.every(({ label, suggested }) => label === suggested.label)).toBe(true);
    // Where most are overruled comes first.
    const against = decidedByTrust.map(({ isAgainstMost }) => isAgainstMost);
    expect(against).toEqual(against.toSorted((a, b) => Number(b) - Number(a)));
    expect(against[0]).toBe(true);
    const { body: snapshot } = await client.post('/v1/snapshots', {}).expect(201);
    const { labelCounts } = snapshot as { labelCounts: Record<string, number> };
    expect(labelCounts.dog! / (labelCounts.dog! + labelCounts.cat!)).toBeGreaterThan(0.4);
  });

  it('decides a label once, and gives it back to the majority when it no longer contests it', async () => {
    const client = await withCrowd('agreeing', PEOPLE);
    await expect
      .poll(async () => (await crowdOf(client)).decidedByTrust.length, { timeout: 30_000, interval: 500 })
      .toBeGreaterThan(0);
    const { decidedByTrust } = await crowdOf(client);
    const decided = decidedByTrust.find(({ sampleId, label }) => label === 'dog' && sampleId !== idOf(0))!;
    const n = Number(decided.sampleId.slice(1));
    const read = async () => (await client.get(`/v1/samples/${decided.sampleId}`).expect(200)).body as object;
    // One more voice of the many does not move it.
    await client.post('/v1/feedback', said(n, 'fred', 'cat')).expect(202);
    expect(await read()).toMatchObject({ status: 'resolved', label: 'dog', isByTrust: true });
    await client
      .post('/v1/feedback', { items: [...Object.keys(PEOPLE), 'fred'].map((rater) => said(n, rater, 'cat')) })
      .expect(202);
    expect(await read()).toMatchObject({ status: 'resolved', label: 'cat', isByTrust: false, suggested: null });
  });

  it('is asked about all that was said of a sample that is spoken of again, however long ago', async () => {
    const client = await withCrowd('again', PEOPLE);
    for (let from = 0; from < 10_000; from += 1_000) {
      const ids = Array.from({ length: 1_000 }, (_, i) => `other${from + i}`);
      const items = ids.map((id, i) => aPrediction({ id, input: { vector: [from + i, 2] }, output: { label: 'cat' } }));
      await client.post('/v1/predictions', { items }).expect(202);
      const feedback = ids.map((id) =>
        aCorrection({ predictionId: id, label: 'cat', rater: { id: 'zoe', role: 'user' } }),
      );
      await client.post('/v1/feedback', { items: feedback }).expect(202);
    }
    const statements = async () => {
      const { body } = await client.get(`/v1/samples/${idOf(1)}`).expect(200);
      return (body as { statements: { label: string }[] }).statements;
    };
    const before = await statements();
    expect(before).toHaveLength(5);
    // As many more as make it a tie.
    const cats = before.filter(({ label }) => label === 'cat').length;
    const voices = ['fred', 'gina', 'hugo', 'ivan', 'judy'].slice(0, Math.abs(5 - 2 * cats));
    const items = voices.map((rater) => said(1, rater, cats > 2 ? 'dog' : 'cat'));
    await client.post('/v1/feedback', { items }).expect(202);

    const crowd = await crowdOf(client);
    const people = [...Object.keys(PEOPLE), ...voices, 'zoe'];
    expect(crowd.items.map(({ rater }) => rater)).toEqual(expect.arrayContaining(people));
    expect(await statements()).toHaveLength(5 + voices.length);
    const contested = [...crowd.disputes, ...crowd.decidedByTrust].filter(({ sampleId }) => sampleId === idOf(1));
    expect(contested.map(({ answers }) => answers.length)).toEqual([5 + voices.length]);
  });

  it('follows the majority where all are alike', async () => {
    const alike = Object.fromEntries(Object.keys(PEOPLE).map((name) => [name, [0.8, 0.8]]));
    const client = await withCrowd('alike', alike);
    const before = await shareRight(client);
    await expect.poll(async () => (await crowdOf(client)).judgedAt, { timeout: 30_000, interval: 500 }).not.toBeNull();
    const { method, decidedByTrust } = await crowdOf(client);
    expect({ method, decidedByTrust }).toEqual({ method: 'majority', decidedByTrust: [] });
    expect(await shareRight(client)).toBe(before);
  });
});
