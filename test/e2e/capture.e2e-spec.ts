import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aPrediction } from '../support/builders.js';
import { API_KEY, type Client, newProject, startTestFlywheel, type TestFlywheel } from '../support/flywheel.js';

let flywheel: TestFlywheel;
let client: Client;

beforeAll(async () => {
  flywheel = await startTestFlywheel();
  client = flywheel.as(API_KEY);
});
afterAll(() => flywheel.close());

const lines = (text: string) =>
  request(flywheel.url)
    .post('/v1/predictions')
    .set('authorization', `Bearer ${API_KEY}`)
    .set('content-type', 'application/x-ndjson')
    .send(text);

describe('POST /v1/predictions', () => {
  it('is readable at once when it is acknowledged', async () => {
    const prediction = aPrediction({ group: 'g', attributes: { page: 'help' }, occurredAt: '2026-11-01T10:00:00Z' });
    await client.post('/v1/predictions', prediction).expect(202, { status: 'accepted', id: prediction.id });
    const { body } = await client.get(`/v1/predictions/${prediction.id}`).expect(200);
    expect(body).toMatchObject(prediction);
  });

  it('makes an id where none is given', async () => {
    const { body } = await client.post('/v1/predictions', aPrediction({ id: undefined })).expect(202);
    expect((body as { id: string }).id).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('takes the same id twice as a duplicate and with another body as a conflict, which is kept', async () => {
    const prediction = aPrediction();
    await client.post('/v1/predictions', prediction).expect(202);
    await client.post('/v1/predictions', prediction).expect(202, { status: 'duplicate', id: prediction.id });
    const other = { ...prediction, output: { label: 'refund' } };
    const { body } = await client.post('/v1/predictions', other).expect(409);
    expect(body).toMatchObject({ code: 'conflict', id: prediction.id });
    const { body: stored } = await client.get(`/v1/predictions/${prediction.id}`).expect(200);
    expect(stored).toMatchObject({ output: prediction.output, conflicts: [{ body: { output: { label: 'refund' } } }] });
  });

  it('counts one effect for fifty posts of the same id at once', async () => {
    const prediction = aPrediction();
    const posts = Array.from({ length: 50 }, () => client.post('/v1/predictions', prediction).expect(202));
    const statuses = (await Promise.all(posts)).map(({ body }) => (body as { status: string }).status);
    expect(statuses.filter((status) => status === 'accepted')).toHaveLength(1);
    expect(statuses.filter((status) => status === 'duplicate')).toHaveLength(49);
  });

  it('answers a batch item by item, in order', async () => {
    const [good, bad] = [aPrediction(), aPrediction({ input: { text: 7 } })];
    const conflict = { ...good, output: { label: 'other' } };
    const { body } = await client.post('/v1/predictions', { items: [good, bad, conflict, good] }).expect(207);
    expect((body as { results: object[] }).results).toMatchObject([
      { status: 'accepted', id: good.id },
      { index: 1, status: 'rejected', problem: { errors: [{ pointer: '/items/1/input/text' }] } },
      { status: 'conflict', id: good.id },
      { status: 'duplicate', id: good.id },
    ]);
  });

  it('reads NDJSON line by line', async () => {
    const text = `${JSON.stringify(aPrediction())}\n{"broken\n\n${JSON.stringify(aPrediction())}`;
    const { body } = await lines(text).expect(207);
    expect((body as { results: object[] }).results).toMatchObject([
      { status: 'accepted' },
      { index: 1, status: 'rejected' },
      { status: 'accepted' },
    ]);
  });

  it('names every wrong field', async () => {
    const wrong = { input: {}, output: { label: '', confidence: 2 }, model: { version: 1 }, surprise: true };
    const { body } = await client
      .post('/v1/predictions', wrong)
      .expect(422)
      .expect('content-type', /problem\+json/);
    const pointers = (body as { errors: { pointer: string }[] }).errors.map(({ pointer }) => pointer);
    expect(new Set(pointers)).toEqual(
      new Set(['/input', '/output/label', '/output/confidence', '/model/version', '/surprise']),
    );
  });

  it.each([
    ['no JSON', '{"id"', 400, 'malformed-request'],
    ['nothing', '', 400, 'malformed-request'],
    ['a prototype member', '{"__proto__": {}}', 400, 'malformed-request'],
    ['a NUL', JSON.stringify(aPrediction({ input: { text: 'a\0b' } })), 422, 'invalid-request'],
    ['half a surrogate pair', '{"id": "\\ud800"}', 422, 'invalid-request'],
    ['deep nesting', `${'['.repeat(40)}${']'.repeat(40)}`, 422, 'invalid-request'],
    ['an empty batch', '{"items": []}', 422, 'invalid-request'],
    ['a batch of 1,001', JSON.stringify({ items: Array(1_001).fill({}) }), 422, 'invalid-request'],
  ])('refuses %s', async (_, text, status, code) => {
    const { body } = await request(flywheel.url)
      .post('/v1/predictions')
      .set('authorization', `Bearer ${API_KEY}`)
      .set('content-type', 'application/json')
      .send(text)
      .expect(status);
    expect(body).toMatchObject({ code, status });
  });

  it('refuses bytes that are no UTF-8, an unknown content type, and too large a body', async () => {
    const post = (type: string) =>
      request(flywheel.url).post('/v1/predictions').set('authorization', `Bearer ${API_KEY}`).set('content-type', type);
    const latin = await post('application/json')
      .serialize((body) => body as string)
      .send(Buffer.from([0x22, 0xe4, 0x22]) as unknown as string);
    expect(latin.status).toBe(400);
    await post('text/csv').send('a,b').expect(415);
    await post('application/json')
      .send(`"${'x'.repeat(9 * 1024 * 1024)}"`)
      .expect(413);
  });

  it.each([
    ['a vector', { vector: [1, 2.5, -3] }],
    ['an image', { image: { contentType: 'image/png', base64: 'iVBORw0KGgo=' } }],
    ['an odd text', { text: 'Ünïcödé 🎈 \u202e "quotes" \\ back / slash \t tab' }],
  ])('gives %s back as it came', async (_, input) => {
    const prediction = aPrediction({ input });
    await client.post('/v1/predictions', prediction).expect(202);
    const { body } = await client.get(`/v1/predictions/${prediction.id}`).expect(200);
    expect(body).toMatchObject({ input });
  });

  it('moves payloads into packs of a thousand and reads them from there', async () => {
    const packed = await newProject(flywheel, 'packed');
    const items = Array.from({ length: 1_000 }, (_, i) => aPrediction({ id: `k${i}`, input: { text: `text ${i}` } }));
    await packed.post('/v1/predictions', { items }).expect(202);
    await expect
      .poll(async () => ((await packed.get('/v1/loop')).body as { stages: { waiting: number }[] }).stages[0]!.waiting, {
        timeout: 10_000,
      })
      .toBe(0);
    for (const i of [0, 49, 50, 999]) {
      const { body } = await packed.get(`/v1/predictions/k${i}`).expect(200);
      expect(body).toMatchObject({ input: { text: `text ${i}` } });
    }
  });

  it('keeps balanced books over all of it', async () => {
    const { body } = await client.get('/v1/ledger').expect(200);
    expect(body).toMatchObject({ balanced: true, difference: 0 });
    const { received, stored, duplicate, conflict, rejected } = (body as { predictions: Record<string, number> })
      .predictions;
    expect(received).toBe(stored! + duplicate! + conflict! + rejected!);
    expect(conflict).toBe(2);
    expect(duplicate).toBe(51);
  });
});
