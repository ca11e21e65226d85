import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aCorrection, aPrediction, labelledTraffic } from '../support/builders.js';
import {
  ADMIN_KEY,
  API_KEY,
  type Client,
  newProject,
  runNow,
  startTestFlywheel,
  type TestFlywheel,
} from '../support/flywheel.js';

let flywheel: TestFlywheel;
let owner: Client;
let stranger: Client;
let operator: Client;

interface Operation {
  readonly method: 'get' | 'post' | 'patch' | 'delete';
  readonly path: string;
}

/** What is open to all. */
const OPEN = ['/health/live', '/health/ready', '/metrics'];
/** Things of the owner's that the paths name. */
let things: Readonly<Record<string, string>>;

beforeAll(async () => {
  flywheel = await startTestFlywheel();
  [owner, operator] = [flywheel.as(API_KEY), flywheel.as(ADMIN_KEY)];
  stranger = await newProject(flywheel, 'stranger');
  const { predictions, feedback } = labelledTraffic(0, 300);
  await owner.post('/v1/predictions', { items: predictions }).expect(202);
  await owner.post('/v1/feedback', { items: feedback }).expect(202);
  const run = await runNow(owner);
  const { items } = (await owner.get('/v1/snapshots').expect(200)).body as { items: { id: string }[] };
  const announced = { contentType: 'text/plain', bytes: 1, sha256: '0'.repeat(64) };
  const upload = ((await owner.post('/v1/uploads', announced).expect(201)).body as { id: string }).id;
  things = {
    '/v1/uploads/{id}': upload,
    '/v1/uploads/{id}/complete': upload,
    '/v1/predictions/{id}': predictions[0]!.id,
    '/v1/feedback/{id}': feedback[0]!.id,
    '/v1/samples/{id}': predictions[0]!.id,
    '/v1/review/{sampleId}': predictions[0]!.id,
    '/v1/snapshots/{id}': items[0]!.id,
    '/v1/snapshots/{id}/export': items[0]!.id,
    '/v1/runs/{id}': run.id,
    '/v1/runs/{id}/events': run.id,
    '/v1/models/{version}': '1',
    '/v1/models/{version}/promote': '1',
    '/v1/models/{version}/{file}': '1',
  };
});
afterAll(() => flywheel.close());

async function operations(): Promise<Operation[]> {
  const { body } = await request(flywheel.url).get('/openapi.json').expect(200);
  const paths = Object.entries((body as { paths: Record<string, object> }).paths);
  return paths
    .flatMap(([path, methods]) => Object.keys(methods).map((method) => ({ method, path }) as Operation))
    .filter(({ path }) => !OPEN.includes(path));
}

const filled = (path: string, thing = 'x') =>
  path
    .replace('{file}', 'model.json')
    .replace('{project}', 'default')
    .replace(/\{\w+\}/, thing)
    .replace(/\{\w+\}/g, 'y');

describe('access', () => {
  it('needs a key for every operation that is not open', async () => {
    const found = await operations();
    expect(found.length).toBeGreaterThan(25);
    for (const { method, path } of found) {
      await request(flywheel.url)[method](filled(path)).expect(401).expect('www-authenticate', 'Bearer');
      await request(flywheel.url)[method](filled(path)).set('authorization', 'Bearer fw_wrong').expect(401);
    }
  });

  it('keeps what belongs to operators from projects, and what belongs to projects from operators', async () => {
    for (const { method, path } of await operations()) {
      const key = path.startsWith('/v1/projects') ? API_KEY : ADMIN_KEY;
      await request(flywheel.url)
        [method](filled(path))
        .set('authorization', `Bearer ${key}`)
        .send(method === 'get' ? undefined : {})
        .expect(403);
    }
  });

  it('finds the things of a project with its own key and with no other', async () => {
    const named = (await operations()).filter(({ path }) => things[path] !== undefined);
    expect(new Set(named.map(({ path }) => path))).toEqual(new Set(Object.keys(things)));
    for (const { method, path } of named) {
      const address = filled(path, things[path]);
      const body = path.startsWith('/v1/review') ? { kind: 'skip' } : {};
      const theirs = method === 'get' || method === 'delete' ? stranger[method](address) : stranger.post(address, body);
      await theirs.expect(404);
      if (method === 'get' && !path.endsWith('/events')) await owner.get(address).expect(200);
    }
  });

  it('shows a stranger empty lists and no model', async () => {
    for (const list of ['samples', 'snapshots', 'runs', 'models']) {
      await stranger.get(`/v1/${list}`).expect(200, { items: [], nextCursor: null });
    }
    await stranger.post('/v1/predict', { inputs: [{ text: 'hello' }] }).expect(409);
    const { body } = await stranger.get('/v1/ledger').expect(200);
    expect(body).toMatchObject({ received: 0, balanced: true });
  });

  it('lets the same id live in two projects', async () => {
    await owner.post('/v1/predictions', aPrediction({ id: 'same', input: { text: 'mine' } })).expect(202);
    await stranger.post('/v1/predictions', aPrediction({ id: 'same', input: { text: 'theirs' } })).expect(202);
    await stranger.post('/v1/feedback', aCorrection({ predictionId: 'same' })).expect(202);
    expect((await owner.get('/v1/samples/same').expect(200)).body).toMatchObject({ preview: 'mine', status: 'none' });
    expect((await stranger.get('/v1/samples/same').expect(200)).body).toMatchObject({
      preview: 'theirs',
      status: 'resolved',
    });
  });

  it.each([
    ['ingest', ['post /v1/predictions'], ['get /v1/samples', 'post /v1/runs', 'get /v1/review/next']],
    [
      'model',
      ['get /v1/models/1/model.json'],
      ['get /v1/models', 'get /v1/models/1', 'get /v1/samples', 'post /v1/predict'],
    ],
    [
      'read',
      ['get /v1/models/1/model.json', 'get /v1/samples', 'get /v1/loop'],
      ['post /v1/predictions', 'post /v1/runs'],
    ],
    ['review', ['get /v1/review/next'], ['get /v1/samples', 'post /v1/predictions']],
    ['admin', ['post /v1/snapshots'], ['get /v1/samples', 'post /v1/predictions']],
  ] as const)('gives a key of scope %s just that', async (scope, allowed, denied) => {
    const { body } = await operator.post('/v1/projects/default/keys', { name: scope, scopes: [scope] }).expect(201);
    const key = flywheel.as((body as { key: string }).key);
    const call = async (operation: string) => {
      const [method, path] = operation.split(' ') as ['get' | 'post', string];
      return (
        await (method === 'get' ? key.get(path) : key.post(path, path.endsWith('predictions') ? aPrediction() : {}))
      ).status;
    };
    for (const operation of allowed)
      expect([operation, await call(operation)]).toEqual([operation, expect.toSatisfy((s: number) => s < 300)]);
    for (const operation of denied) expect([operation, await call(operation)]).toEqual([operation, 403]);
  });

  it('stops a revoked key within seconds, and never shows a key again', async () => {
    const { body } = await operator.post('/v1/projects/default/keys', { name: 'gone', scopes: ['read'] }).expect(201);
    const { id, key } = body as { id: string; key: string };
    await flywheel.as(key).get('/v1/loop').expect(200);
    await operator.delete(`/v1/projects/default/keys/${id}`).expect(204);
    await expect.poll(async () => (await flywheel.as(key).get('/v1/loop')).status, { timeout: 5_000 }).toBe(401);
    const { text } = await operator.get('/v1/projects/default/keys').expect(200);
    expect(text).not.toContain(key.slice(8));
    expect(text).not.toContain('hash');
  });

  it('holds a key to its own number of requests a minute, and no other key', async () => {
    const order = { name: 'browser', scopes: ['read'], requestsAMinute: 3 };
    const { body } = await operator.post('/v1/projects/default/keys', order).expect(201);
    const browser = flywheel.as((body as { key: string }).key);
    for (const left of [2, 1, 0]) {
      const { headers } = await browser.get('/v1/ledger').expect(200);
      expect(headers['ratelimit-policy']).toBe('"key";q=3;w=60');
      expect(headers.ratelimit).toMatch(new RegExp(`^"key";r=${left};t=\\d+$`));
    }
    const refused = await browser.get('/v1/ledger').expect(429);
    expect(refused.body).toMatchObject({ code: 'rate-limited', status: 429 });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect(refused.headers.ratelimit).toMatch(/^"key";r=0;t=/);
    const { headers } = await flywheel.as(API_KEY).get('/v1/ledger').expect(200);
    expect(headers['ratelimit-policy']).toBeUndefined();
  });
});
