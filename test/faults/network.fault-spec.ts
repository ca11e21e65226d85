import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/platform/model-runtime/random.js';
import { type Cluster, startCluster } from '../support/cluster.js';
import { audit, FAULT_SEED, FaultTraffic, IS_LONG, KEPT } from '../support/fault-traffic.js';
import { API_KEY } from '../support/flywheel.js';
import { FaultyStore, type StoreFault } from '../support/s3-faults.js';
import type { LinkMode } from '../support/tcp-proxy.js';

const MODES: readonly LinkMode[] = ['delay', 'trickle', 'hole', 'one-way', 'reset', 'cut'];
const STORE_FAULTS: readonly StoreFault[] = ['slow-down', 'half', 'corrupt', 'wrong-etag', 'late'];
const CLIENTS = 8;
/** When it is long, longer than any patience of the service. */
const HOLD_MS = IS_LONG ? 15_000 : 1_500;
const CASES = IS_LONG ? 36 : 4;

/** What is packed is read from packs from now on, as if its day were long ago. */
const FORGET_PACKED = `
delete from payload h using payload_batch b, pack k
where b.id = h.batch_id and b.received_at = h.received_at and k.id = b.pack_id and k.stored_at is not null`;

let cluster: Cluster;

/** Reads what was acknowledged, from Postgres or from packs, until it is told to stop; gives back what it saw wrong. */
function readers(traffic: FaultTraffic) {
  let isOver = false;
  const wrong: string[] = [];
  const life = async () => {
    while (!isOver) {
      const all = [...traffic.predictions];
      const [id, text] = all[Math.floor(Math.random() * all.length)] ?? [];
      if (id === undefined) await sleep(50);
      else wrong.push(...(await read(id, text!)));
    }
  };
  const living = life();
  const stop = async () => {
    isOver = true;
    await living;
    return wrong;
  };
  return { stop };
}

/** What is wrong with the answer, if anything: the right text and "come again" are right, and so is a cut connection. */
async function read(id: string, text: string): Promise<string[]> {
  try {
    const answer = await fetch(`${cluster.url}/v1/predictions/${id}`, {
      headers: { authorization: `Bearer ${API_KEY}` },
      signal: AbortSignal.timeout(35_000),
    });
    const body = (await answer.json()) as { input?: { text: string } };
    const isRight = answer.status === 200 && body.input?.text === text;
    const mayComeAgain = answer.status === 503 && answer.headers.has('retry-after');
    return isRight || mayComeAgain ? [] : [`${id}: ${answer.status} ${JSON.stringify(body)}`];
  } catch (error) {
    return (error as Error).name === 'TimeoutError' ? [`${id} was not answered`] : [];
  }
}

describe('the network between the processes and their parts', () => {
  beforeAll(async () => {
    cluster = await startCluster({ hasLinks: true });
    await cluster.ready();
  }, 180_000);
  afterAll(() => cluster.close(), 60_000);

  it(
    'delays, trickles, swallows, resets and cuts, and nothing is lost, doubled or left hanging',
    { timeout: CASES * HOLD_MS * 2 + 300_000 },
    async () => {
      const cases = Object.keys(cluster.links).flatMap((link) => MODES.map((mode) => ({ link, mode })));
      const order = Int32Array.from(cases.keys());
      seededRandom(FAULT_SEED).shuffle(order);
      const chosen = [...order].slice(0, CASES).map((n) => cases[n]!);
      console.log(`network: seed ${FAULT_SEED}, ${chosen.length} of ${cases.length} cases of ${HOLD_MS} ms each`);
      const traffic = new FaultTraffic([cluster.url]);
      traffic.start(CLIENTS, FAULT_SEED, 100);
      const reading = readers(traffic);
      for (const { link, mode } of chosen) {
        cluster.links[link]!.set(mode);
        await sleep(HOLD_MS);
        cluster.links[link]!.set('open');
        await sleep(500);
      }
      await traffic.stop();
      await cluster.ready();
      expect(await reading.stop()).toEqual([]);
      console.log(`network: ${traffic.predictions.size} predictions, slowest answer ${traffic.slowestMs} ms`);
      expect(traffic.predictions.size).toBeGreaterThan(50);
      expect(traffic.unanswered).toBe(0);
      expect(await audit(cluster, traffic)).toEqual(KEPT);
    },
  );
});

describe('an object store that answers wrongly', () => {
  let store: FaultyStore;

  beforeAll(async () => {
    // The proxy stands before the store of a cluster that knows only the proxy.
    const target = await startCluster({ roles: {} });
    store = await FaultyStore.before(target.objectStore.endpoint);
    cluster = await startCluster({ env: { S3_ENDPOINT: store.endpoint } });
    const closeCluster = cluster.close.bind(cluster);
    cluster = {
      ...cluster,
      close: () =>
        closeCluster()
          .then(() => store.close())
          .then(() => target.close()),
    };
    await cluster.ready();
  }, 180_000);
  afterAll(() => cluster.close(), 60_000);

  it('loses nothing, and no wrong byte reaches a caller', { timeout: 400_000 }, async () => {
    const traffic = new FaultTraffic([cluster.url]);
    traffic.start(CLIENTS, FAULT_SEED, 50);
    const reading = readers(traffic);
    const met: Record<string, number> = {};
    const database = new pg.Client({ connectionString: cluster.databaseUrl });
    await database.connect();
    const packs = async () => (await database.query('select 1 from pack where stored_at is not null')).rowCount;
    await expect.poll(packs, { timeout: 30_000 }).toBeGreaterThan(0);
    for (const fault of STORE_FAULTS) {
      const before = store.met;
      store.fault = fault;
      const until = Date.now() + (IS_LONG ? 12_000 : 1_200);
      // A fault that nobody met would prove nothing; one that nobody can meet ends by the time-out of the test.
      while (Date.now() < until || store.met === before) {
        await sleep(100);
        await database.query(FORGET_PACKED);
      }
      met[fault] = store.met - before;
    }
    store.fault = 'none';
    await database.end();
    await traffic.stop();
    expect(await reading.stop()).toEqual([]);
    console.log(`object store: ${JSON.stringify(met)} requests met a fault, ${traffic.predictions.size} predictions`);
    expect(Object.values(met).every((count) => count > 0)).toBe(true);
    expect(await audit(cluster, traffic)).toEqual(KEPT);
  });
});
