import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveLabel, type Statement } from '../../src/core/label.js';
import { type SeededRandom, seededRandom } from '../../src/platform/model-runtime/random.js';
import { aPrediction } from '../support/builders.js';
import { type Client, newProject, startTestFlywheel, type TestFlywheel } from '../support/flywheel.js';

const PREDICTIONS = 40;
const STATEMENTS = 200;

let flywheel: TestFlywheel;

beforeAll(async () => {
  flywheel = await startTestFlywheel();
});
afterAll(() => flywheel.close());

type Post = { readonly path: '/v1/predictions' | '/v1/feedback'; readonly item: { readonly id: string } };

const pick = <T>(random: SeededRandom, from: readonly T[]): T => from[Math.floor(random.next() * from.length)]!;

/** Predictions with both ids, and what raters say about them by one id or the other; no two moments are the same. */
function history(random: SeededRandom) {
  const predictions = Array.from({ length: PREDICTIONS }, (_, i) => aPrediction({ id: `p${i}`, externalId: `e${i}` }));
  const said = Array.from({ length: STATEMENTS }, (_, i) => {
    const about = Math.floor(random.next() * PREDICTIONS);
    const kind = pick(random, ['correction', 'correction', 'accept', 'reject'] as const);
    return {
      about,
      item: {
        id: `f${i}`,
        ...(random.next() < 0.5 ? { predictionId: `p${about}` } : { externalId: `e${about}` }),
        kind,
        ...(kind === 'correction' ? { label: pick(random, ['refund', 'invoice', 'voucher']) } : {}),
        rater: { id: pick(random, ['anna', 'ben', 'carl']), role: pick(random, ['user', 'annotator'] as const) },
        occurredAt: new Date(Date.UTC(2026, 0, 1) + i * 1000).toISOString(),
      },
    };
  });
  return { predictions, said };
}

function expectedLabels({ said }: ReturnType<typeof history>) {
  return Array.from({ length: PREDICTIONS }, (_, n) => {
    const statements = said
      .filter(({ about }) => about === n)
      .map(({ item }, i): Statement => ({
        feedbackId: item.id,
        kind: item.kind,
        label: item.label ?? null,
        raterId: item.rater.id,
        raterRole: item.rater.role,
        occurredAt: Date.parse(item.occurredAt),
        seq: BigInt(i),
      }));
    const resolved = resolveLabel(statements, 'delivery');
    return { status: resolved.status, label: resolved.status === 'resolved' ? resolved.label : null };
  });
}

/** Everything in any order, some of it twice, in batches of any size, several at a time. */
async function postInAnyOrder(client: Client, { predictions, said }: ReturnType<typeof history>, random: SeededRandom) {
  const posts: Post[] = [
    ...predictions.map((item) => ({ path: '/v1/predictions' as const, item })),
    ...said.map(({ item }) => ({ path: '/v1/feedback' as const, item })),
  ];
  posts.push(...posts.filter(() => random.next() < 0.2));
  const order = Int32Array.from(posts, (_, i) => i);
  random.shuffle(order);
  const open = [...order].map((i) => posts[i]!);
  while (open.length > 0) {
    const slices = Array.from({ length: 4 }, () => open.splice(0, 1 + Math.floor(random.next() * 12)));
    const requests = slices.flatMap((slice) =>
      (['/v1/predictions', '/v1/feedback'] as const).map((path) => ({
        path,
        items: slice.filter((post) => post.path === path).map(({ item }) => item),
      })),
    );
    await Promise.all(
      requests
        .filter(({ items }) => items.length > 0)
        .map(({ path, items }) => client.post(path, { items }).expect(202)),
    );
  }
}

describe('labels', () => {
  it.each([1, 2, 3, 4])('come out the same in whatever order things arrive (seed %i)', async (seed) => {
    const random = seededRandom(seed);
    const client = await newProject(flywheel, `order-${seed}`);
    const all = history(random);
    await postInAnyOrder(client, all, random);
    const standing = async () => {
      const samples = await Promise.all(
        all.predictions.map(async ({ id }) => (await client.get(`/v1/samples/${id}`).expect(200)).body as object),
      );
      return samples.map((sample) => {
        const { status, label } = sample as { status: string; label: string | null };
        return { status, label };
      });
    };
    await expect.poll(standing, { timeout: 20_000 }).toEqual(expectedLabels(all));
    const { body } = await client.get('/v1/ledger').expect(200);
    expect(body).toMatchObject({
      balanced: true,
      predictions: { stored: PREDICTIONS },
      feedback: { stored: STATEMENTS, parked: 0 },
    });
  });
});
