import { SweepService } from '../../src/ops/sweep.service.js';
import { ObjectStore } from '../../src/platform/object-store/object-store.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aMessage, labelledTraffic } from '../support/builders.js';
import { type Client, newProject, runNow, startTestFlywheel, type TestFlywheel } from '../support/flywheel.js';

const SETTINGS = {
  holdoutPercent: 50,
  auditShare: 1,
  retrain: { minNewLabels: 1_000_000, nightlyHour: null },
  promotion: { minGolden: 20, maxNegativeFlipRate: 1 },
};
const LABELS = ['account', 'delivery', 'refund'];

interface Decision {
  readonly promoted: boolean;
  readonly reason: string;
  readonly basis: string;
  readonly golden: { readonly samples: number } | null;
  readonly sources: readonly { readonly rater: string; readonly samples: number; readonly contradicted: number }[];
}

/** A model that learnt poison is stopped by what people verified of a fair sample; one that got through is taken back. */
describe('the gate', () => {
  let flywheel: TestFlywheel;
  let client: Client;

  beforeAll(async () => {
    flywheel = await startTestFlywheel();
    client = await newProject(flywheel, 'gate', SETTINGS);
  });
  afterAll(() => flywheel.close());

  /** The copies of quarantines, for `rebuild`. */
  async function copied(): Promise<unknown[]> {
    const objects = flywheel.app.get(ObjectStore);
    const keys = await objects.list('quarantines/gate/');
    return Promise.all(keys.map(async (key) => JSON.parse((await objects.get(key)).toString()) as unknown));
  }

  it('promotes the first model by the holdout, as long as nobody has verified anything', async () => {
    await postTraffic(client, 0, 300);
    expect(await decided(client)).toMatchObject({ version: 1, promoted: true, basis: 'holdout', golden: null });
  });

  it('draws audits from what no model is trained on, whether or not users spoke of it', async () => {
    const splits = await verify(client, 40);
    expect(splits).toEqual(Array.from({ length: 40 }, () => 'holdout'));
  });

  it('blocks the model of a poisoned batch on golden samples, says whose labels it was, and keeps them out', async () => {
    await postTraffic(client, 300, 600, mallory);
    const decision = await decided(client);
    expect(decision).toMatchObject({ version: 2, promoted: false, basis: 'golden', golden: { samples: 40 } });
    expect(decision.reason).toMatch(/^significantly worse/);
    expect(decision.sources[0]).toMatchObject({ rater: 'mallory' });
    expect(decision.sources[0]!.contradicted).toBeGreaterThan(0.9 * decision.sources[0]!.samples);
    const { body } = await client.get('/v1/quarantines').expect(200);
    expect(body).toMatchObject({ items: [{ version: 2, labels: 600, releasedAt: null }] });
    await expect.poll(copied).toMatchObject([{ quarantine: { version: 2, released_at: null } }]);
  });

  it('learns without the batch in the next run', async () => {
    await postTraffic(client, 900, 60);
    const { version, ...decision } = await decided(client);
    expect(decision).toMatchObject({ promoted: true, basis: 'golden' });
    const { body: model } = await client.get(`/v1/models/${version}`).expect(200);
    const { snapshotId } = model as { snapshotId: string };
    const { body: snapshot } = await client.get(`/v1/snapshots/${snapshotId}`).expect(200);
    const { trainCount, holdoutCount } = snapshot as { trainCount: number; holdoutCount: number };
    expect(trainCount + holdoutCount).toBe(360);
    const { predictions, ...traffic } = labelledTraffic(300, 600);
    const poison = mallory({ predictions, ...traffic }) as { label: string }[];
    const { body: loop } = await client.get('/v1/loop').expect(200);
    const { corrected, honoured } = (loop as { corrections: { corrected: number; honoured: number } }).corrections;
    expect(corrected - honoured).toBe(poison.filter(({ label }, i) => label !== predictions[i]!.output.label).length);
  });

  it('asks for a reason to overrule the gate, and signs it', async () => {
    const { body } = await client.post('/v1/models/2/promote').expect(422);
    expect(body).toMatchObject({ errors: [{ pointer: '/reason' }] });
    const { body: forced } = await client.post('/v1/models/2/promote', { reason: 'a drill' }).expect(200);
    const { decisions } = forced as { decisions: object[] };
    expect(decisions.at(-1)).toMatchObject({ kind: 'manual', reason: 'a drill', actor: expect.any(String) as string });
  });

  it('takes the champion back when people verify that it is worse than the model it replaced', async () => {
    await postTraffic(client, 1_000, 120, null);
    await verify(client, 40);
    await flywheel.app.get(SweepService).sweep();
    const champion = async () =>
      ((await client.get('/v1/loop').expect(200)).body as { champion: { version: number } }).champion.version;
    await expect.poll(champion, { timeout: 20_000 }).toBe(3);
    const { body: watched } = await client.get('/v1/models/2').expect(200);
    expect(watched).toMatchObject({ status: 'retired', watch: { version: 2, against: 3, verdict: 'worse', wins: 0 } });
    const { body: restored } = await client.get('/v1/models/3').expect(200);
    const { decisions } = restored as { decisions: { kind: string; actor: string; reason: string }[] };
    expect(decisions.at(-1)).toMatchObject({ kind: 'rollback', actor: 'the loop' });
    expect(decisions.at(-1)!.reason).toMatch(/^worse than version 3 on \d+ golden samples verified since/);
  });

  it('lets a person release the batch, with a reason', async () => {
    const { body } = await client.get('/v1/quarantines').expect(200);
    const [{ id }] = (body as { items: [{ id: string }] }).items.slice(-1) as [{ id: string }];
    await client.post(`/v1/quarantines/${id}/release`, {}).expect(422);
    const { body: released } = await client.post(`/v1/quarantines/${id}/release`, { reason: 'looked at' }).expect(200);
    expect(released).toMatchObject({ labels: 0, releaseReason: 'looked at', releasedBy: expect.any(String) as string });
    expect(await copied()).toContainEqual({
      ...{ projectId: 'gate', id, labels: expect.any(Array) as unknown[] },
      quarantine: expect.objectContaining({ version: 2, release_reason: 'looked at' }) as object,
    });
    await client.post('/v1/quarantines/nobody/release', { reason: 'x' }).expect(404);
  });

  it('asks people about the labels that models doubt, and about no other', async () => {
    const asker = await newProject(flywheel, 'suspects', { ...SETTINGS, holdoutPercent: 1, auditShare: 0 });
    await postTraffic(asker, 0, 300);
    await postTraffic(asker, 300, 6, mallory);
    await decided(asker);
    const { body } = await asker.get('/v1/review/next?n=20').expect(200);
    const { items } = body as { items: { sampleId: string; reason: string }[] };
    const suspects = items.filter(({ reason }) => reason === 'suspect').map(({ sampleId }) => sampleId);
    expect(suspects.length).toBeGreaterThanOrEqual(5);
    for (const id of suspects) expect(Number(id.slice(1))).toBeGreaterThanOrEqual(300);
    const { body: raters } = await asker.get('/v1/insights/raters').expect(200);
    const { items: people } = raters as { items: { rater: string; doubted: number }[] };
    const doubted = new Map(people.map(({ rater, doubted }) => [rater, doubted]));
    expect(doubted.get('mallory')).toBe(suspects.length);
    expect([...doubted.values()].reduce((sum, n) => sum + n)).toBe(suspects.length);
  });
});

type Traffic = ReturnType<typeof labelledTraffic>;

/** Each label turned into the next one. */
const mallory = ({ feedback }: Traffic): object[] =>
  feedback.map((item) => ({
    ...item,
    label: LABELS[(LABELS.indexOf(item.label) + 1) % LABELS.length],
    rater: { id: 'mallory', role: 'user' },
  }));

/** Predictions and, unless `feedbackOf` is null, what users say of them. */
async function postTraffic(
  client: Client,
  from: number,
  count: number,
  feedbackOf: ((traffic: Traffic) => object[]) | null = ({ feedback }) => feedback,
): Promise<void> {
  const traffic = labelledTraffic(from, count);
  await client.post('/v1/predictions', { items: traffic.predictions }).expect(202);
  if (feedbackOf) await client.post('/v1/feedback', { items: feedbackOf(traffic) }).expect(202);
}

/** A person verifies audits, truthfully. Returns the side of the split of each. */
async function verify(client: Client, count: number): Promise<string[]> {
  const { body } = await client.get(`/v1/review/next?n=${count}`).expect(200);
  const { items } = body as { items: { sampleId: string; reason: string; sample: { split: string } }[] };
  const audits = items.filter(({ reason }) => reason === 'audit');
  for (const { sampleId } of audits) {
    const { label } = aMessage(Number(sampleId.slice(1)));
    await client.post(`/v1/review/${sampleId}`, { label }).expect(200);
  }
  return audits.map(({ sample }) => sample.split);
}

async function decided(client: Client): Promise<Decision & { version: number }> {
  const run = await runNow(client);
  return { ...(run.decision as unknown as Decision), version: run.modelVersion! };
}
