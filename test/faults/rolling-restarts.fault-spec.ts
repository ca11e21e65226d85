import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../support/cluster.js';
import { audit, FAULT_SEED, FaultTraffic, IS_LONG, KEPT } from '../support/fault-traffic.js';

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
});
