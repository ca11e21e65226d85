import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import type { Prediction as Posted } from '../../dist-client/client.js';
import { type Feedback, Flywheel, type Keeper, type Loss, type Options } from '../../dist-client/client.js';
import type { PredictionSchema } from '../../src/capture/capture.schema.js';
import type { FeedbackSchema } from '../../src/feedback/feedback.schema.js';
import { aMessage, labelledTraffic } from '../support/builders.js';
import { ADMIN_KEY, type Client, newOwner, runNow, startTestFlywheel, type TestFlywheel } from '../support/flywheel.js';
import { TcpProxy } from '../support/tcp-proxy.js';

/** What the client lets an application post is what the service reads: these two lines do not compile else. */
type ReadOnly<T> = T extends object ? { readonly [Name in keyof T]: ReadOnly<T[Name]> } : T;
export const isPrediction: (posted: Posted) => ReadOnly<z.input<typeof PredictionSchema>> = (posted) => posted;
export const isFeedback: (posted: Feedback) => ReadOnly<z.input<typeof FeedbackSchema>> = (posted) => posted;

const LABELS = ['account', 'delivery', 'refund'];

let flywheel: TestFlywheel;

beforeAll(async () => {
  flywheel = await startTestFlywheel();
});
afterAll(() => flywheel.close());

const aPrediction = (text: string): Posted => ({
  model: { version: 'rules-1' },
  input: { text },
  output: { label: 'refund', confidence: 0.4 },
});
const aCorrection = (predictionId: string, label = 'delivery'): Feedback => ({
  predictionId,
  kind: 'correction',
  label,
  rater: { id: 'anna', role: 'user' },
});

/** A project, whoever owns it, and the client of an application. */
async function application(id: string, options: Partial<Options> = {}) {
  const { owner, key } = await newOwner(flywheel, id);
  const losses: Loss[] = [];
  const app = new Flywheel({ url: flywheel.url, key, onLoss: (loss) => losses.push(loss), ...options });
  return { owner, key, app, losses };
}

const ledgerOf = async (owner: Client) =>
  (await owner.get('/v1/ledger').expect(200)).body as Record<string, number | boolean>;

/** A storage in memory, as a page has one. */
function storage(): Keeper & { readonly entries: Map<string, string> } {
  const entries = new Map<string, string>();
  return {
    entries,
    get length() {
      return entries.size;
    },
    key: (n) => [...entries.keys()][n] ?? null,
    getItem: (key) => entries.get(key) ?? null,
    setItem: (key, value) => void entries.set(key, value),
    removeItem: (key) => void entries.delete(key),
  };
}

describe('the client', () => {
  it('sends what an application says by itself, in batches, with the times at which it was said', async () => {
    const { owner, app } = await application('by-itself');
    const before = Date.now();
    const ids = Array.from({ length: 250 }, (_, n) => app.capture(aPrediction(`message ${n}`)));
    const after = Date.now();
    ids.slice(0, 30).forEach((id) => app.feedback(aCorrection(id)));
    await expect.poll(() => app.state, { timeout: 10_000 }).toEqual({ waiting: 0, taken: 280, lost: 0, trouble: null });
    const { body } = await owner.get(`/v1/predictions/${ids[7]!}`).expect(200);
    expect(body).toMatchObject({ input: { text: 'message 7' }, label: { status: 'resolved', label: 'delivery' } });
    const occurredAt = Date.parse((body as { occurredAt: string }).occurredAt);
    expect(occurredAt).toBeGreaterThanOrEqual(before);
    expect(occurredAt).toBeLessThanOrEqual(after);
    expect(await ledgerOf(owner)).toMatchObject({ received: 280, stored: 280, duplicate: 0, balanced: true });
  });

  it('asks the champion, and says why it cannot', async () => {
    const { owner, app } = await application('asks');
    await expect(app.predict([{ text: 'where is it?' }])).rejects.toMatchObject({
      name: 'FlywheelError',
      problem: { status: 409, code: 'no-model' },
    });
    const { predictions, feedback } = labelledTraffic(0, 300);
    await owner.post('/v1/predictions', { items: predictions }).expect(202);
    await owner.post('/v1/feedback', { items: feedback }).expect(202);
    await runNow(owner);
    const { text, label } = aMessage(1_000);
    const [answer] = await app.predict([{ text }]);
    expect(answer).toMatchObject({ label, modelVersion: 1 });
    app.feedback(aCorrection(answer!.predictionId, label));
    expect(await app.flush()).toBe(true);
    const { version, labels, featurise } = await app.model();
    expect({ version, labels, rows: featurise!([text]).shape[0] }).toEqual({ version: 1, labels: LABELS, rows: 1 });
    await expect(app.model(2)).rejects.toMatchObject({ problem: { status: 404, code: 'not-found' } });
  });

  it('keeps what is not taken, and sends it once where only the answer was lost', async () => {
    const { hostname, port } = new URL(flywheel.url);
    const link = await TcpProxy.to({ host: hostname, port: Number(port) });
    const { owner, app } = await application('bad-link', { url: `http://127.0.0.1:${link.port}` });
    link.set('cut');
    const id = app.capture(aPrediction('said without a link'));
    expect(await app.flush()).toBe(false);
    expect(app.state).toMatchObject({ waiting: 1, taken: 0, trouble: expect.stringContaining('fetch failed') });
    link.set('one-way');
    const sending = app.flush();
    await expect.poll(async () => (await owner.get(`/v1/predictions/${id}`)).status).toBe(200);
    link.set('open');
    expect(await sending).toBe(false);
    await expect.poll(() => app.state.taken, { timeout: 20_000 }).toBe(1);
    expect(await ledgerOf(owner)).toMatchObject({ received: 2, stored: 1, duplicate: 1, conflict: 0, balanced: true });
    await link.close();
  });

  it('goes on with what another visit left, and with what a broken entry did not', async () => {
    const kept = storage();
    const gone = new Flywheel({ url: 'http://127.0.0.1:1', key: 'none', name: 'shop', storage: kept });
    const id = gone.capture(aPrediction('left behind'));
    gone.feedback(aCorrection(id));
    expect(await gone.flush()).toBe(false);
    kept.setItem('flywheel shop broken', '{');
    kept.setItem('flywheel other 1', '{"path":"/v1/predictions"}');
    const { owner, app } = await application('comes-back', { name: 'shop', storage: kept });
    await expect.poll(() => app.state.taken, { timeout: 10_000 }).toBe(2);
    expect((await owner.get(`/v1/samples/${id}`).expect(200)).body).toMatchObject({ label: 'delivery' });
    expect([...kept.entries.keys()]).toEqual(['flywheel other 1']);
  });

  it('sends nothing to another project, whatever waits in the same page', async () => {
    const kept = storage();
    const mine = await application('mine', { storage: kept });
    mine.app.capture(aPrediction('mine alone'));
    const theirs = await application('theirs', { storage: kept });
    expect(theirs.app.state.waiting).toBe(0);
    theirs.app.capture(aPrediction('theirs'));
    expect(await theirs.app.flush()).toBe(true);
    expect(await ledgerOf(mine.owner)).toMatchObject({ received: 0 });
    expect(await mine.app.flush()).toBe(true);
    expect(await ledgerOf(mine.owner)).toMatchObject({ received: 1 });
    expect(await ledgerOf(theirs.owner)).toMatchObject({ received: 1 });
  });

  it('says what is lost and why: refused as it is, contradicting, one too many', async () => {
    const { owner, app, losses } = await application('losses', { mostWaiting: 4 });
    app.capture({ ...aPrediction('first'), id: 'a' });
    app.capture({ ...aPrediction('second'), id: 'a' });
    app.capture({ ...aPrediction(''), id: 'empty' });
    app.capture({ ...aPrediction('fourth'), id: 'b' });
    app.capture({ ...aPrediction('fifth'), id: 'c' });
    expect(await app.flush()).toBe(true);
    expect(app.state).toEqual({ waiting: 0, taken: 2, lost: 3, trouble: null });
    expect(losses.map(({ item, reason }) => [item.id, reason])).toEqual([
      ['c', 'full'],
      ['a', 'conflict'],
      ['empty', 'rejected'],
    ]);
    expect(losses[2]!.problem!.errors).toEqual([{ pointer: '/items/2/input/text', detail: expect.any(String) }]);
    expect(await ledgerOf(owner)).toMatchObject({ received: 4, stored: 2, conflict: 1, rejected: 1, balanced: true });
  });

  it('loses nothing with an item that makes the service refuse its whole batch', async () => {
    const { owner, app, losses } = await application('together');
    const unreadable = { attributes: JSON.parse('{"__proto__": "x"}') as object as Posted['attributes'] };
    const ids = [{}, unreadable, {}].map((over, n) =>
      app.capture({ ...aPrediction(`message ${n}`), ...over } as Posted),
    );
    expect(await app.flush()).toBe(true);
    expect(app.state).toMatchObject({ taken: 2, lost: 1 });
    expect(losses).toMatchObject([{ reason: 'rejected', item: { id: ids[1] }, problem: { status: 400 } }]);
    expect(await ledgerOf(owner)).toMatchObject({ stored: 2, balanced: true });
  });

  it('keeps what was said as it was, and refuses at once what cannot be written', async () => {
    const { owner, app } = await application('as-it-was');
    const input = { text: 'as it was' };
    const id = app.capture({ ...aPrediction(''), input });
    input.text = 'changed';
    expect(() => app.capture({ ...aPrediction('odd'), attributes: { n: 1n as never } })).toThrow(TypeError);
    expect(await app.flush()).toBe(true);
    expect((await owner.get(`/v1/predictions/${id}`).expect(200)).body).toMatchObject({ input: { text: 'as it was' } });
    expect(app.state).toEqual({ waiting: 0, taken: 1, lost: 0, trouble: null });
  });

  it('throws nothing away for a key that does not fit', async () => {
    const { app } = await application('wrong-key', { key: 'fw_wrong' });
    app.capture(aPrediction('kept'));
    expect(await app.flush()).toBe(false);
    expect(app.state).toMatchObject({ waiting: 1, lost: 0, trouble: expect.stringContaining('401 unauthenticated') });
  });

  it('leaves a service alone for as long as it asks', async () => {
    await newOwner(flywheel, 'held');
    const order = { name: 'slow', scopes: ['ingest'], requestsAMinute: 1 };
    const { body } = await flywheel.as(ADMIN_KEY).post('/v1/projects/held/keys', order).expect(201);
    const app = new Flywheel({ url: flywheel.url, key: (body as { key: string }).key });
    app.capture(aPrediction('one'));
    expect(await app.flush()).toBe(true);
    app.capture(aPrediction('two'));
    expect(await app.flush()).toBe(false);
    expect(app.state.trouble).toContain('429 rate-limited');
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(app.state).toMatchObject({ waiting: 1, taken: 1 });
  });

  it('takes the words of what stands in between for no refusal', async () => {
    const statuses = [404, 502, 200];
    const between: Server = createServer((_request, response) => {
      const headers = { 'content-type': 'text/html', 'retry-after': 'Wed, 21 Oct 2099 07:28:00 GMT' };
      response.writeHead(statuses.shift() ?? 503, headers).end('<h1>Hello</h1>');
    });
    await new Promise<void>((resolve) => between.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(between.address() as AddressInfo).port}`;
    const app = new Flywheel({ url, key: 'any' });
    app.capture(aPrediction('kept'));
    for (const status of [404, 502, 200]) {
      expect(await app.flush()).toBe(false);
      expect(app.state).toMatchObject({ waiting: 1, lost: 0, trouble: expect.stringContaining(String(status)) });
    }
    between.closeAllConnections();
    await new Promise((resolve) => between.close(resolve));
  });
});
