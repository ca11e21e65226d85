import pg from 'pg';
import request from 'supertest';
import { JOBS } from '../../src/jobs.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LIMIT_LINES } from '../../src/core/limits.js';
import { ADMIN_KEY, API_KEY, startTestFlywheel, type TestFlywheel } from '../support/flywheel.js';

let flywheel: TestFlywheel;

beforeAll(async () => {
  flywheel = await startTestFlywheel();
});
afterAll(() => flywheel.close());

const open = (key: string) => request(flywheel.url).post('/session').send({ key });
const cookieOf = (response: request.Response) => response.headers['set-cookie']![0]!.split(';')[0]!;

describe('what operators use', () => {
  it('is live and ready', async () => {
    await request(flywheel.url).get('/health/live').expect(200, { status: 'live' });
    const { body } = await request(flywheel.url).get('/health/ready').expect(200);
    const checks = { database: 'ok', objectStore: 'ok', queue: 'ok' };
    expect(body).toEqual({ status: 'ready', checks, warnings: [] });
  });

  it.each(['fsync', 'full_page_writes', 'synchronous_commit'])('is not ready with %s off', async (setting) => {
    const client = new pg.Client({ connectionString: flywheel.infrastructure.databaseUrl });
    await client.connect();
    const ready = () => request(flywheel.url).get('/health/ready');
    try {
      await client.query(`alter system set ${setting} = off`);
      await client.query('select pg_reload_conf()');
      await expect.poll(async () => (await ready()).status).toBe(503);
      expect((await ready()).body).toMatchObject({
        status: 'not ready',
        checks: { database: `Postgres runs with ${setting} off; switch it on.` },
      });
    } finally {
      await client.query(`alter system reset ${setting}`);
      await client.query('select pg_reload_conf()');
      await client.end();
    }
    await expect.poll(async () => (await ready()).status).toBe(200);
  });

  it('gives Prometheus its numbers, none of them about a person or a project', async () => {
    const { text } = await request(flywheel.url)
      .get('/metrics')
      .expect(200)
      .expect('content-type', /text\/plain/);
    expect(text).toContain('flywheel_ledger_difference 0');
    expect(text).toMatch(/flywheel_queue_jobs\{queue="loop.tick",state="waiting"\} \d+/);
    expect(text).toMatch(
      /http_request_duration_seconds_count\{method="GET",route="\/health\/ready",status="200"\} \d+/,
    );
    expect(text).not.toContain('default');
  });

  it('describes itself as OpenAPI 3.1 and shows it', async () => {
    const { body } = await request(flywheel.url).get('/openapi.json').expect(200);
    expect(body).toMatchObject({
      openapi: '3.1.0',
      info: { description: expect.stringContaining(LIMIT_LINES) as string },
      paths: { '/v1/predictions': { post: expect.any(Object) as object } },
    });
    await request(flywheel.url).get('/docs').expect(200).expect('content-type', /html/);
  });

  it('shows the queues to operators alone', async () => {
    await request(flywheel.url).get('/queues').expect(302).expect('location', '/login.html?next=%2Fqueues');
    const project = cookieOf(await open(API_KEY).expect(200));
    await request(flywheel.url)
      .get('/queues')
      .set('cookie', project.replace('flywheel_session', 'flywheel_operator'))
      .expect(302);
    const operator = cookieOf(await open(ADMIN_KEY).expect(200));
    await request(flywheel.url)
      .get('/queues')
      .set('cookie', operator)
      .expect(200)
      .expect(/Flywheel queues/);
    const { body } = await request(flywheel.url).get('/queues/api/queues').set('cookie', operator).expect(200);
    expect((body as { queues: object[] }).queues).toHaveLength(JOBS.length);
  });

  it('takes nothing from a page of another site, though the browser sends the cookie along', async () => {
    const cookie = cookieOf(await open(ADMIN_KEY).expect(200));
    const pause = (origin: string) =>
      request(flywheel.url).put('/queues/api/queues/loop.tick/pause').set('cookie', cookie).set('origin', origin);
    await pause('https://evil.example').expect(302);
    await pause(flywheel.url).expect(200);
    await request(flywheel.url)
      .put('/queues/api/queues/loop.tick/resume')
      .set('cookie', cookie)
      .set('origin', flywheel.url)
      .expect(200);
  });

  it('opens a session that reads with its cookie, and refuses a wrong key or a changed cookie', async () => {
    await open('fw_wrong').expect(401);
    const cookie = cookieOf(await open(API_KEY).expect(200));
    await request(flywheel.url).get('/session').set('cookie', cookie).expect(200);
    await request(flywheel.url).get('/v1/loop').set('cookie', cookie).expect(200);
    await request(flywheel.url)
      .get('/v1/loop')
      .set('cookie', `${cookie.slice(0, -2)}xx`)
      .expect(401);
    await request(flywheel.url).post('/v1/snapshots').set('cookie', cookie).send({}).expect(401);
    await request(flywheel.url)
      .post('/v1/snapshots')
      .set('cookie', cookie)
      .set('origin', flywheel.url)
      .send({})
      .expect(201);
  });

  it('has projects whose settings can be changed, but the holdout never lowered', async () => {
    const operator = flywheel.as(ADMIN_KEY);
    await operator.post('/v1/projects', { id: 'second', settings: { holdoutPercent: 30 } }).expect(201);
    await operator.post('/v1/projects', { id: 'second' }).expect(409);
    await operator.post('/v1/projects', { id: 'No good' }).expect(422);
    const { body } = await operator
      .patch('/v1/projects/second', { settings: { retrain: { minNewLabels: 5 } } })
      .expect(200);
    expect(body).toMatchObject({ settings: { holdoutPercent: 30, retrain: { minNewLabels: 5, nightlyHour: 3 } } });
    const refused = await operator.patch('/v1/projects/second', { settings: { holdoutPercent: 20 } }).expect(422);
    expect(refused.body).toMatchObject({ errors: [{ pointer: '/settings/holdoutPercent' }] });
    await operator.get('/v1/projects/none').expect(404);
  });

  it("lets a project's own administrators change settings and keys, within the limit they have themselves", async () => {
    const operator = flywheel.as(ADMIN_KEY);
    await operator.post('/v1/projects', { id: 'third' }).expect(201);
    const order = { name: 'own', scopes: ['read', 'admin'], requestsAMinute: 600 };
    const { body } = await operator.post('/v1/projects/third/keys', order).expect(201);
    const own = flywheel.as((body as { key: string }).key);
    await own.patch('/v1/settings', { settings: { auditShare: 0.5 } }).expect(200);
    expect((await own.get('/v1/settings').expect(200)).body).toMatchObject({
      id: 'third',
      settings: { auditShare: 0.5 },
    });
    const faster = { name: 'fast', scopes: ['ingest'], requestsAMinute: 100_000 };
    const { body: made } = await own.post('/v1/settings/keys', faster).expect(201);
    expect(made).toMatchObject({ requestsAMinute: 600, scopes: ['ingest'] });
    const { id, key } = made as { id: string; key: string };
    await flywheel.as(key).get('/v1/settings/keys').expect(403);
    const { body: keys } = await own.get('/v1/settings/keys').expect(200);
    expect((keys as { items: { name: string }[] }).items.map(({ name }) => name).sort()).toEqual(['fast', 'own']);
    await own.delete(`/v1/settings/keys/${id}`).expect(204);
  });

  it('answers what is not there with a problem document', async () => {
    const { body } = await request(flywheel.url)
      .get('/v1/nothing')
      .expect(404)
      .expect('content-type', /problem\+json/);
    expect(body).toMatchObject({ code: 'not-found', status: 404, instance: '/v1/nothing' });
  });
});
