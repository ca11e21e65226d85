import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/platform/model-runtime/random.js';
import { type Cluster, startCluster } from '../support/cluster.js';
import { audit, FAULT_SECONDS, FAULT_SEED, FaultTraffic, KEPT } from '../support/fault-traffic.js';

const CLIENTS = 16;

let cluster: Cluster;

beforeAll(async () => {
  console.log(`random kills: seed ${FAULT_SEED}, ${FAULT_SECONDS} s (FAULT_SEED and FAULT_SECONDS repeat it)`);
  cluster = await startCluster();
  await cluster.ready();
}, 180_000);
afterAll(() => cluster.close(), 60_000);

describe(`random SIGKILL of API, worker, Postgres, Redis and S3 under ${CLIENTS} clients`, () => {
  it(
    'loses nothing, counts nothing twice and answers 202, or 503 with Retry-After',
    { timeout: (FAULT_SECONDS + 300) * 1_000 },
    async () => {
      const random = seededRandom(FAULT_SEED);
      const traffic = new FaultTraffic([cluster.url]);
      traffic.start(CLIENTS, FAULT_SEED);
      let faults = 0;
      for (const until = Date.now() + FAULT_SECONDS * 1_000; Date.now() < until; faults += 1) {
        await sleep(300 + 1_500 * random.next());
        const part = cluster.parts[Math.floor(random.next() * cluster.parts.length)]!;
        await part.kill(Math.floor(800 * random.next()));
      }
      await traffic.stop();
      await cluster.ready();
      console.log(
        `random kills: ${faults} faults, ${traffic.predictions.size} predictions and ${traffic.feedback.size} feedback acknowledged`,
      );
      expect(faults).toBeGreaterThan(FAULT_SECONDS / 5);
      expect(traffic.predictions.size).toBeGreaterThan(100);
      expect(await audit(cluster, traffic)).toEqual(KEPT);
    },
  );
});
