import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SeededRandom, seededRandom } from '../../src/platform/model-runtime/random.js';
import { ObjectStore } from '../../src/platform/object-store/object-store.js';
import { aCorrection, aPrediction } from '../support/builders.js';
import { type Cluster, startCluster } from '../support/cluster.js';
import { API_KEY } from '../support/flywheel.js';

const SECONDS = Number(process.env.FAULT_SECONDS ?? 15);
const SEED = Number(process.env.FAULT_SEED ?? Date.now() % 1_000_000);
const CLIENTS = 16;
const TRIES = 400;

let cluster: Cluster;
let database: pg.Pool;

/** What was acknowledged, by id; and every answer that nobody should get. */
const acknowledged = { predictions: new Map<string, string>(), feedback: new Map<string, string>() };
const wrongAnswers: string[] = [];
const faults: string[] = [];
let isOver = false;

beforeAll(async () => {
  console.log(`random kills: seed ${SEED}, ${SECONDS} s (FAULT_SEED and FAULT_SECONDS repeat it)`);
  cluster = await startCluster(await mkdtemp(join(tmpdir(), 'flywheel-faults-')));
  await cluster.ready();
  database = new pg.Pool({ connectionString: cluster.databaseUrl, max: 2 });
  database.on('error', () => undefined);
}, 180_000);
afterAll(async () => {
  await database.end();
  await cluster.close();
}, 60_000);

/** One attempt: the answer, or undefined when there was none. */
async function attempt(path: string, body: object): Promise<{ status: number; body: unknown } | undefined> {
  try {
    const response = await fetch(cluster.url + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(20_000),
    });
    const answer = { status: response.status, body: await response.json() };
    const isAllowed = response.status === 202 || (response.status === 503 && response.headers.has('retry-after'));
    if (!isAllowed) wrongAnswers.push(`${response.status} ${JSON.stringify(answer.body)}`);
    return answer;
  } catch {
    return undefined;
  }
}

/** Posts until it is acknowledged, as a client that wants to be sure does. */
async function insist(path: string, items: readonly { id: string }[], onAcknowledged: (id: string) => void) {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const answer = await attempt(path, { items });
    if (answer?.status === 202) {
      const { results } = answer.body as { results: { id: string; status: string }[] };
      const isRight = ({ status }: { status: string }) => status === 'accepted' || status === 'duplicate';
      wrongAnswers.push(...results.filter((result) => !isRight(result)).map((result) => JSON.stringify(result)));
      return results.forEach(({ id }) => onAcknowledged(id));
    }
    await sleep(50 + 5 * tries);
  }
  wrongAnswers.push(`${path} was not acknowledged in ${TRIES} tries`);
}

/** Posts predictions and then what it says about some of them; now and then the feedback goes first. */
async function clientLife(name: string, random: SeededRandom): Promise<void> {
  for (let n = 0; !isOver; n += 1) {
    const size = random.next() < 0.5 ? 1 : 1 + Math.floor(random.next() * 20);
    const ids = Array.from({ length: size }, (_, i) => `${name}-${n}-${i}`);
    const predictions = ids.map((id) => aPrediction({ id, input: { text: `text of ${id}` } }));
    const said = ids.filter(() => random.next() < 0.4);
    const feedback = said.map((id) => aCorrection({ id: `f-${id}`, predictionId: id, label: `label of ${name}` }));
    const postPredictions = () =>
      insist('/v1/predictions', predictions, (id) => acknowledged.predictions.set(id, `text of ${id}`));
    const postFeedback = () =>
      feedback.length === 0
        ? Promise.resolve()
        : insist('/v1/feedback', feedback, (id) => acknowledged.feedback.set(id, `label of ${name}`));
    if (random.next() < 0.3) await postFeedback().then(postPredictions);
    else await postPredictions().then(postFeedback);
  }
}

async function killAtRandom(random: SeededRandom): Promise<void> {
  while (!isOver) {
    await sleep(300 + 1_500 * random.next());
    const part = cluster.parts[Math.floor(random.next() * cluster.parts.length)]!;
    faults.push(part.name);
    await part.kill(Math.floor(800 * random.next()));
  }
}

const rows = async <Row extends object>(text: string) => (await database.query<Row>(text)).rows;

async function ledger(): Promise<Record<string, unknown>> {
  const response = await fetch(`${cluster.url}/v1/ledger`, { headers: { authorization: `Bearer ${API_KEY}` } });
  return (await response.json()) as Record<string, unknown>;
}

describe(`random SIGKILL of API, worker, Postgres, Redis and S3 under ${CLIENTS} clients`, () => {
  it('goes on for a while', { timeout: (SECONDS + 180) * 1_000 }, async () => {
    const random = seededRandom(SEED);
    const lives = Array.from({ length: CLIENTS }, (_, i) => clientLife(`c${i}`, seededRandom(SEED + 1 + i)));
    const killing = killAtRandom(random);
    await sleep(SECONDS * 1_000);
    isOver = true;
    await killing;
    await Promise.all(lives);
    await cluster.ready();
    console.log(
      `random kills: ${faults.length} faults, ${acknowledged.predictions.size} predictions and ${acknowledged.feedback.size} feedback acknowledged`,
    );
    expect(faults.length).toBeGreaterThan(SECONDS / 5);
    expect(acknowledged.predictions.size).toBeGreaterThan(100);
  });

  it('answers 202, or 503 with Retry-After, and nothing else', () => expect(wrongAnswers).toEqual([]));

  it('has lost nothing that was acknowledged', async () => {
    const predictions = new Set((await rows<{ id: string }>('select id from prediction')).map(({ id }) => id));
    const feedback = new Set((await rows<{ id: string }>('select id from feedback')).map(({ id }) => id));
    expect([...acknowledged.predictions.keys()].filter((id) => !predictions.has(id))).toEqual([]);
    expect([...acknowledged.feedback.keys()].filter((id) => !feedback.has(id))).toEqual([]);
  });

  it('has joined all feedback, and decided every label', { timeout: 120_000 }, async () => {
    const open = () => rows(`select 1 from feedback where joined_at is null`).then(({ length }) => length);
    await expect.poll(open, { timeout: 60_000, interval: 500 }).toBe(0);
    const labels = new Map(
      (await rows<{ prediction_id: string; label: string }>('select prediction_id, label from sample')).map((row) => [
        row.prediction_id,
        row.label,
      ]),
    );
    const wrong = [...acknowledged.feedback].filter(([id, label]) => labels.get(id.slice(2)) !== label);
    expect(wrong).toEqual([]);
  });

  it('has counted nothing twice: the books are those of the rows', async () => {
    const [counted] = await rows<{ predictions: string; feedback: string }>(
      `select (select count(*) from prediction) as predictions, (select count(*) from feedback) as feedback`,
    );
    expect(await ledger()).toMatchObject({
      balanced: true,
      difference: 0,
      predictions: { stored: Number(counted!.predictions), conflict: 0, rejected: 0 },
      feedback: { stored: Number(counted!.feedback), conflict: 0, rejected: 0, parked: 0 },
    });
  });

  it('packs what is open within a minute, and no row points at a missing object', { timeout: 120_000 }, async () => {
    const open = async () => {
      const [row] = await rows<{ samples: number }>(
        `select coalesce(sum(b.samples), 0)::int as samples from payload_batch b left join pack k on k.id = b.pack_id
         where b.pack_id is not null and k.stored_at is null`,
      );
      return row!.samples;
    };
    await expect.poll(open, { timeout: 60_000, interval: 500 }).toBe(0);
    const store = new ObjectStore(cluster.objectStore);
    const objects = (await store.list('packs/')).sort();
    const packs = (await rows<{ object_key: string }>('select object_key from pack')).map((row) => row.object_key);
    expect(objects).toEqual(packs.sort());
    store.close();
  });

  it('gives every body back as it was posted', { timeout: 120_000 }, async () => {
    const random = seededRandom(SEED);
    const ids = [...acknowledged.predictions].filter(() => random.next() < 500 / acknowledged.predictions.size);
    for (const [id, text] of ids) {
      const response = await fetch(`${cluster.url}/v1/predictions/${id}`, {
        headers: { authorization: `Bearer ${API_KEY}` },
      });
      expect(await response.json()).toMatchObject({ input: { text } });
    }
  });
});
