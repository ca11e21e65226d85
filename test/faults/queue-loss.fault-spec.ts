import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { JOBS } from '../../src/jobs.js';
import { type Cluster, startCluster } from '../support/cluster.js';
import { audit, FAULT_SEED, FaultTraffic, IS_LONG, KEPT } from '../support/fault-traffic.js';

const CLIENTS = 8;
const LOSSES = IS_LONG ? 20 : 3;
/** Jobs that may wait in all queues together after everything was offered again. */
const MOST_WAITING = 2_000;

describe.each(['redis', 'postgres'] as const)('a queue on %s that loses everything, again and again', (queue) => {
  let cluster: Cluster;
  let redis: Redis;
  let database: pg.Client;

  beforeAll(async () => {
    cluster = await startCluster({ queue });
    await cluster.ready();
    redis = new Redis(cluster.redisUrl);
    database = new pg.Client({ connectionString: cluster.databaseUrl });
    await database.connect();
  }, 180_000);
  afterAll(async () => {
    redis.disconnect();
    await database.end();
    await cluster.close();
  }, 60_000);

  async function lose(): Promise<void> {
    if (queue === 'redis') return void (await redis.flushall());
    await database.query('truncate bullmq.job, bullmq.scheduler, bullmq.dedup, bullmq.dedup_next cascade');
  }

  async function waiting(): Promise<number> {
    if (queue === 'postgres')
      return Number((await database.query<{ n: string }>('select count(*) as n from bullmq.job')).rows[0]!.n);
    const counts = await Promise.all(JOBS.map(({ name }) => redis.llen(`bull:${name}:wait`)));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  it('loses nothing that was acknowledged, and offers no storm of jobs', { timeout: 400_000 }, async () => {
    const traffic = new FaultTraffic([cluster.url]);
    traffic.start(CLIENTS, FAULT_SEED, 20);
    let most = 0;
    for (let n = 0; n < LOSSES; n += 1) {
      await sleep(1_500);
      most = Math.max(most, await waiting());
      await lose();
    }
    await traffic.stop();
    await sleep(1_000);
    most = Math.max(most, await waiting());
    console.log(
      `queue loss (${queue}): ${LOSSES} losses, ${traffic.predictions.size} predictions, most waiting ${most}`,
    );
    expect(most).toBeLessThan(MOST_WAITING);
    expect(await audit(cluster, traffic)).toEqual(KEPT);
  });
});
