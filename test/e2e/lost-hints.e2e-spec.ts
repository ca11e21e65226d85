import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { JOBS } from '../../src/jobs.js';
import { SweepService } from '../../src/ops/sweep.service.js';
import { Database } from '../../src/platform/database/database.js';
import { JobQueue } from '../../src/platform/queue/job-queue.js';
import { aCorrection, aPrediction, labelledTraffic } from '../support/builders.js';
import { API_KEY, type Client, endOfRun, startTestFlywheel, type TestFlywheel } from '../support/flywheel.js';
import { startRedis, type TestRedis } from '../support/redis.js';

/** The queue is a hint, the rows are the truth: whatever the queue forgets, the sweeper finds. */
describe.each(['postgres', 'redis'] as const)('a queue that forgets everything (%s)', (backend) => {
  let flywheel: TestFlywheel;
  let redis: TestRedis | undefined;
  let client: Client;

  beforeAll(async () => {
    redis = backend === 'redis' ? await startRedis() : undefined;
    flywheel = await startTestFlywheel(redis ? { REDIS_URL: redis.url } : {});
    client = flywheel.as(API_KEY);
  });
  afterAll(async () => {
    await flywheel.close();
    await redis?.close();
  });

  const queues = () => JOBS.map((job) => flywheel.app.get(JobQueue).queue(job));

  /** All queues stand still, so that hints pile up and can be lost. */
  const pause = () => Promise.all(queues().map((queue) => queue.pause()));
  const forget = () => Promise.all(queues().map((queue) => queue.drain(true)));
  const resume = () => Promise.all(queues().map((queue) => queue.resume()));
  /** What is open is offered when it is not young any more. */
  const age = () =>
    flywheel.app
      .get(Database)
      .query(
        `update training_run set created_at = created_at - interval '1 minute', heartbeat_at = heartbeat_at - interval '1 minute'`,
      );

  it('loses no payload: the packs are written at the next sweep', async () => {
    await pause();
    const items = Array.from({ length: 1_000 }, (_, i) => aPrediction({ id: `p${i}`, input: { text: `text ${i}` } }));
    await client.post('/v1/predictions', { items }).expect(202);
    await forget();
    await resume();
    await flywheel.app.get(SweepService).sweep();
    const waiting = async () =>
      ((await client.get('/v1/loop')).body as { stages: { waiting: number }[] }).stages[0]!.waiting;
    await expect.poll(waiting, { timeout: 20_000 }).toBe(0);
    expect((await client.get('/v1/predictions/p7').expect(200)).body).toMatchObject({ input: { text: 'text 7' } });
  });

  it('loses no feedback that came before its prediction', async () => {
    await pause();
    await client.post('/v1/feedback', aCorrection({ predictionId: 'later' })).expect(202);
    await client.post('/v1/predictions', aPrediction({ id: 'later' })).expect(202);
    await forget();
    await resume();
    await flywheel.app.get(SweepService).sweep();
    const label = async () => ((await client.get('/v1/samples/later')).body as { label: string }).label;
    await expect.poll(label, { timeout: 20_000 }).toBe('refund');
  });

  it('loses no run', async () => {
    const { predictions, feedback } = labelledTraffic(0, 300);
    await client.post('/v1/predictions', { items: predictions }).expect(202);
    await client.post('/v1/feedback', { items: feedback }).expect(202);
    await pause();
    const { id } = (await client.post('/v1/runs').expect(202)).body as { id: string };
    await forget();
    await resume();
    await age();
    await flywheel.app.get(SweepService).sweep();
    expect(await endOfRun(client, id)).toMatchObject({ status: 'succeeded', decision: { promoted: true } });
  });

  it('is named to the operator where it may evict', async () => {
    const ready = async () => (await client.get('/health/ready').expect(200)).body as { warnings: string[] };
    expect((await ready()).warnings).toEqual([]);
    if (!redis) return;
    const operator = new Redis(redis.url);
    await operator.config('SET', 'maxmemory-policy', 'allkeys-lru');
    expect((await ready()).warnings).toEqual([
      'Redis may evict jobs (maxmemory-policy allkeys-lru); set it to noeviction.',
    ]);
    await operator.config('SET', 'maxmemory-policy', 'noeviction');
    operator.disconnect();
  });
});
