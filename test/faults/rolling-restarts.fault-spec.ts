import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { labelledTraffic } from '../support/builders.js';
import { type Cluster, startCluster } from '../support/cluster.js';
import { audit, FAULT_SEED, FaultTraffic, IS_LONG, KEPT } from '../support/fault-traffic.js';
import { API_KEY, clientOf, endOfRun } from '../support/flywheel.js';

const CLIENTS = 8;
const RESTARTS = IS_LONG ? 100 : 6;
/** How long a process may take to finish what it has begun. */
const DRAIN_MS = 25_000;

let cluster: Cluster;

beforeAll(async () => {
  const roles = { api1: 'api', api2: 'api', worker1: 'worker,trainer', worker2: 'worker,trainer' };
  cluster = await startCluster({ roles });
  await cluster.ready();
}, 180_000);
afterAll(() => cluster.close(), 60_000);

describe('a rolling restart with SIGTERM', () => {
  it(
    'fails no request that is tried once more, and drains in time',
    { timeout: RESTARTS * 12_000 + 200_000 },
    async () => {
      const traffic = new FaultTraffic([cluster.urls.api1!, cluster.urls.api2!]);
      traffic.start(CLIENTS, FAULT_SEED);
      const drains: number[] = [];
      for (let n = 0; n < RESTARTS; n += 1) {
        drains.push(await cluster.part(['api1', 'worker1', 'api2', 'worker2'][n % 4]!).restart());
        await cluster.ready();
        await sleep(100);
      }
      await traffic.stop();
      console.log(
        `rolling restarts: ${RESTARTS}, slowest drain ${Math.max(...drains)} ms, ${traffic.predictions.size} predictions`,
      );
      expect(Math.max(...drains)).toBeLessThan(DRAIN_MS);
      expect(traffic.mostTries).toBeLessThanOrEqual(2);
      expect(traffic.predictions.size).toBeGreaterThan(100);
      expect(await audit(cluster, traffic)).toEqual(KEPT);
    },
  );

  it('ends in time, even where the work at hand does not', { timeout: 300_000 }, async () => {
    const client = clientOf(cluster.url, API_KEY);
    const { predictions, feedback } = labelledTraffic(0, 400);
    await client.post('/v1/predictions', { items: predictions }).expect(202);
    await client.post('/v1/feedback', { items: feedback }).expect(202);
    const database = new pg.Client({ connectionString: cluster.databaseUrl });
    await database.connect();
    // A snapshot of all that was ever labelled takes minutes where that is much; this one waits for the lock.
    await database.query('begin; lock table sample_side in access exclusive mode');
    const { body } = await client.post('/v1/runs', { reason: 'to be waited for' }).expect(202);
    const waiting = "select count(*)::int as n from pg_locks where relation = 'sample_side'::regclass and not granted";
    await expect.poll(async () => (await database.query(waiting)).rows[0], { timeout: 30_000 }).toEqual({ n: 1 });
    const over = setTimeout(() => void database.query('rollback'), DRAIN_MS);
    const drains = await Promise.all(['worker1', 'worker2'].map((name) => cluster.part(name).restart()));
    clearTimeout(over);
    console.log(`ended with a snapshot at hand: slowest ${Math.max(...drains)} ms`);
    await database.end();
    await cluster.ready();
    expect(Math.max(...drains)).toBeLessThan(DRAIN_MS);
    expect(await endOfRun(client, (body as { id: string }).id, 120)).toMatchObject({ status: 'succeeded' });
  });
});
