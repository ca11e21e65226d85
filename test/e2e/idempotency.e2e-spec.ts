import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IdempotencyStore } from '../../src/ops/idempotency.store.js';
import { Database } from '../../src/platform/database/database.js';
import { aCorrection, aPrediction } from '../support/builders.js';
import { API_KEY, type Client, newProject, startTestFlywheel, type TestFlywheel } from '../support/flywheel.js';

let flywheel: TestFlywheel;
let client: Client;

beforeAll(async () => {
  flywheel = await startTestFlywheel();
  client = flywheel.as(API_KEY);
});
afterAll(() => flywheel.close());

const withoutId = (over: object = {}) => ({ ...aPrediction(over), id: undefined });
const post = (key: string, body: object, path = '/v1/predictions', by = client) =>
  by.post(path, body).set('idempotency-key', key);
const stored = async (by = client) =>
  ((await by.get('/v1/ledger').expect(200)).body as { predictions: { received: number; stored: number } }).predictions;

describe('Idempotency-Key', () => {
  it('gives the first answer again, and does nothing twice', async () => {
    const body = withoutId();
    const before = await stored();
    const first = await post('"key-1"', body).expect(202);
    const again = await post('key-1', body).expect(202).expect('idempotency-replayed', 'true');
    expect(again.body).toEqual(first.body);
    expect(again.headers['content-type']).toBe(first.headers['content-type']);
    expect(first.headers['idempotency-replayed']).toBeUndefined();
    expect(await stored()).toMatchObject({ received: before.received + 1, stored: before.stored + 1 });
  });

  it('gives refusals again as well', async () => {
    const wrong = { model: {} };
    const first = await post('key-wrong', wrong).expect(422);
    expect((await post('key-wrong', wrong).expect(422).expect('idempotency-replayed', 'true')).body).toEqual(
      first.body,
    );
  });

  it('refuses the key for another body or another route: 422', async () => {
    await post('key-2', withoutId()).expect(202);
    const other = await post('key-2', withoutId({ input: { text: 'another' } })).expect(422);
    expect(other.body).toMatchObject({ code: 'idempotency-mismatch' });
    await post('key-2', aCorrection({ predictionId: 'x' }), '/v1/feedback').expect(422);
  });

  it('does the work of fifty equal requests at once a single time; the rest hear 409 or the answer', async () => {
    const body = { items: [withoutId(), withoutId({ input: { text: 'second' } })] };
    const before = await stored();
    const answers = await Promise.all(Array.from({ length: 50 }, () => post('key-50', body)));
    const statuses = new Set(answers.map(({ status }) => status));
    expect([...statuses].filter((status) => status !== 202 && status !== 409)).toEqual([]);
    const accepted = answers.filter(({ status }) => status === 202).map((answer) => JSON.stringify(answer.body));
    expect(new Set(accepted).size).toBe(1);
    for (const { status, headers } of answers) if (status === 409) expect(headers['retry-after']).toBe('1');
    expect(await stored()).toMatchObject({ received: before.received + 2, stored: before.stored + 2 });
  });

  it('keeps projects apart', async () => {
    const other = await newProject(flywheel, 'other');
    await post('shared', withoutId()).expect(202);
    await post('shared', withoutId({ input: { text: 'of the other' } }), '/v1/predictions', other).expect(202);
    expect(await stored(other)).toMatchObject({ stored: 1 });
  });

  it.each(['""', 'a b', 'x'.repeat(256)])('refuses the key %s: 400', async (key) => {
    await post(key, withoutId()).expect(400);
  });

  it('does the work again, under the same ids, when its process went away before it answered', async () => {
    const body = withoutId();
    const first = await post('key-lost', body).expect(202);
    const database = flywheel.app.get(Database);
    await database.query(`update idempotent_request set status = null, body = null where key = 'key-lost'`);
    await post('key-lost', body).expect(409);
    await database.query(
      `update idempotent_request set started_at = now() - interval '61 seconds' where key = 'key-lost'`,
    );
    const again = await post('key-lost', body).expect(202);
    expect(again.body).toEqual({ ...(first.body as object), status: 'duplicate' });
  });

  it('covers runs', async () => {
    const { body } = await post('run-1', { reason: 'by hand' }, '/v1/runs').expect(202);
    expect((await post('run-1', { reason: 'by hand' }, '/v1/runs').expect(202)).body).toEqual(body);
  });

  it('is forgotten after a day', async () => {
    await post('old', withoutId()).expect(202);
    const database = flywheel.app.get(Database);
    await database.query(`update idempotent_request set started_at = now() - interval '25 hours' where key = 'old'`);
    await flywheel.app.get(IdempotencyStore).dropOld();
    expect(await database.query(`select 1 from idempotent_request where key = 'old'`)).toEqual([]);
  });

  it('does not change requests without one', async () => {
    const body = withoutId();
    const [first, second] = [await client.post('/v1/predictions', body), await client.post('/v1/predictions', body)];
    expect((first.body as { id: string }).id).not.toBe((second.body as { id: string }).id);
  });
});
