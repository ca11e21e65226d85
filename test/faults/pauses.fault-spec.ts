import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/platform/model-runtime/random.js';
import { aLongMessage, labelledTraffic } from '../support/builders.js';
import { type Cluster, startCluster } from '../support/cluster.js';
import { audit, FAULT_SEED, FaultTraffic, IS_LONG, KEPT } from '../support/fault-traffic.js';
import { API_KEY, type Client, clientOf, endOfRun } from '../support/flywheel.js';

const CLIENTS = 8;

let cluster: Cluster;
let client: Client;

beforeAll(async () => {
  const roles = { api: 'api', worker: 'worker', trainer1: 'trainer', trainer2: 'trainer' };
  cluster = await startCluster({ roles });
  await cluster.ready();
  client = clientOf(cluster.url, API_KEY);
}, 180_000);
afterAll(() => cluster.close(), 60_000);

describe('processes that stand still for a while and go on as if nothing had been', () => {
  it('lose nothing and double nothing', { timeout: 900_000 }, async () => {
    const random = seededRandom(FAULT_SEED);
    const pauses = cluster.parts.flatMap(({ name }) =>
      (IS_LONG ? [5_000, 30_000] : [1_000]).map((ms) => ({ name, ms })),
    );
    console.log(`pauses: seed ${FAULT_SEED}, ${pauses.length} pauses`);
    const traffic = new FaultTraffic([cluster.url]);
    traffic.start(CLIENTS, FAULT_SEED, 50);
    for (const { name, ms } of pauses) {
      await cluster.part(name).freeze();
      await sleep(ms);
      await cluster.part(name).thaw();
      await sleep(500 * random.next());
    }
    await traffic.stop();
    await cluster.ready();
    expect(traffic.predictions.size).toBeGreaterThan(100);
    expect(traffic.unanswered).toBe(0);
    expect(await audit(cluster, traffic)).toEqual(KEPT);
  });

  it('a trainer that slept through its run cannot bring its model in', { timeout: 300_000 }, async () => {
    const { predictions, feedback } = labelledTraffic(0, 4_000, aLongMessage);
    for (let n = 0; n < 4_000; n += 1_000) {
      await client.post('/v1/predictions', { items: predictions.slice(n, n + 1_000) }).expect(202);
      await client.post('/v1/feedback', { items: feedback.slice(n, n + 1_000) }).expect(202);
    }
    const database = new pg.Client({ connectionString: cluster.databaseUrl });
    await database.connect();
    const [sleeper, other] = [cluster.part('trainer1'), cluster.part('trainer2')];
    await other.freeze();
    const { body } = await client.post('/v1/runs', { reason: 'to be slept through' }).expect(202);
    const { id } = body as { id: string };
    const run = async () => {
      const text = 'select status, attempt from training_run where id = $1';
      return (await database.query<{ status: string; attempt: number }>(text, [id])).rows[0];
    };
    await expect.poll(async () => (await run())?.status, { timeout: 60_000, interval: 20 }).toBe('running');
    await sleeper.freeze();
    await other.thaw();
    await expect.poll(async () => (await run())?.attempt, { timeout: 90_000, interval: 200 }).toBe(2);
    await sleeper.thaw();
    expect((await endOfRun(client, id, 120)).status).toBe('succeeded');
    await sleep(5_000);
    const { rows } = await database.query(
      `select (select count(*)::int from model_version where run_id = $1) as models,
              (select count(*)::int from promotion p
               join model_version m on m.project_id = p.project_id and m.version = p.to_version
               where m.run_id = $1) as decisions`,
      [id],
    );
    expect(rows).toEqual([{ models: 1, decisions: 1 }]);
    await database.end();
  });
});
