import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SeededRandom, seededRandom } from '../../src/platform/model-runtime/random.js';
import { aCorrection, aMessage, aPrediction } from '../support/builders.js';
import { type Cluster, startCluster } from '../support/cluster.js';
import { diagnosis, FAULT_SECONDS, FAULT_SEED, IS_LONG } from '../support/fault-traffic.js';
import { ADMIN_KEY, RUN_ENDED } from '../support/flywheel.js';

const PRELOAD = fileURLToPath(new URL('../support/crash-points.mjs', import.meta.url));
const ACTIONS = ['crash-before', 'crash-after', 'fail', 'lost-answer', 'slow'];
/** A pack of each kind, and a model. */
const ITEMS = 1_000;
const BUDGET_SECONDS = IS_LONG ? FAULT_SECONDS * 8 : FAULT_SECONDS * 2;
/** Points of the start are met by those alone that come after a crash: a slow machine goes on until so many cases were met. */
const FEWEST_MET = BUDGET_SECONDS / 6;
/** How long a point is waited for before its case counts as not met. */
const WAIT_SECONDS = 20;

let cluster: Cluster;
let folder: string;
let plan: string;
let record: string;
const wrongAnswers: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flywheel-points-'));
  [plan, record] = [join(folder, 'plan'), join(folder, 'record')];
  await writeFile(record, '');
  const env = { CRASH_PLAN: plan, CRASH_RECORD: record };
  cluster = await startCluster({ roles: { all: 'all' }, nodeArgs: ['--import', PRELOAD], env });
  await cluster.ready();
}, 180_000);
afterAll(async () => {
  await cluster.close();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Sent until it is answered by anything but "come again". */
async function insist(method: string, path: string, key: string, body?: object): Promise<Answer> {
  for (let tries = 0; tries < 900; tries += 1) {
    try {
      const response = await fetch(cluster.url + path, {
        method,
        headers: {
          authorization: `Bearer ${key}`,
          'content-type': 'application/json',
          ...(path === '/v1/runs' && { 'idempotency-key': `run-of-${key.slice(0, 20)}` }),
        },
        ...(body && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(30_000),
      });
      const answer = { status: response.status, body: (await response.json()) as Answer['body'] };
      if (response.ok) return answer;
      if (path === '/v1/projects' && response.status === 409) return answer;
      if (!response.headers.has('retry-after'))
        wrongAnswers.push(`${path} ${response.status} ${JSON.stringify(answer.body)}`);
    } catch {
      // No answer: again.
    }
    await sleep(100);
  }
  throw new Error(`${method} ${path} is not answered`);
}

interface Life {
  readonly projectId: string;
  readonly key: string;
  readonly runId: string;
}

/** The whole loop in a project of its own: feedback before and after its predictions, and a run. */
async function live(projectId: string): Promise<Life> {
  await insist('POST', '/v1/projects', ADMIN_KEY, { id: projectId, settings: { retrain: { minNewLabels: 100_000 } } });
  const scopes = ['ingest', 'read', 'admin'];
  const made = await insist('POST', `/v1/projects/${projectId}/keys`, ADMIN_KEY, { name: 'test', scopes });
  const { key } = made.body as { key: string };
  const messages = Array.from({ length: ITEMS }, (_, n) => ({ id: `p${n}`, ...aMessage(n) }));
  const predictions = messages.map(({ id, text }) => aPrediction({ id, input: { text } }));
  const feedback = messages.map(({ id, label }) => aCorrection({ id: `f-${id}`, predictionId: id, label }));
  await insist('POST', '/v1/feedback', key, { items: feedback.slice(0, 100) });
  await insist('POST', '/v1/predictions', key, { items: predictions });
  await insist('POST', '/v1/feedback', key, { items: feedback.slice(100) });
  const run = await insist('POST', '/v1/runs', key, { reason: 'a life' });
  return { projectId, key, runId: (run.body as { id: string }).id };
}

async function ended({ key, runId }: Life): Promise<Answer['body'] | undefined> {
  const { body } = await insist('GET', `/v1/runs/${runId}`, key);
  return RUN_ENDED.includes(body.status as string) && body.decision ? body : undefined;
}

const points = async () => [...new Set((await readFile(record, 'utf8')).split('\n').filter(Boolean))].sort();

/** Fisher and Yates. */
function shuffled<Item>(items: readonly Item[], random: SeededRandom): Item[] {
  const mixed = [...items];
  for (let last = mixed.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random.next() * (last + 1));
    [mixed[last], mixed[other]] = [mixed[other]!, mixed[last]!];
  }
  return mixed;
}

/** What a life has come to so far. */
async function progress(life: Life) {
  const run = await ended(life);
  const ledger = (await insist('GET', '/v1/ledger', life.key)).body as Record<string, unknown>;
  const models = (await insist('GET', '/v1/models', life.key)).body as { items: { status: string }[] };
  return {
    run: run && {
      status: run.status,
      version: run.modelVersion,
      promoted: (run.decision as { promoted: boolean }).promoted,
    },
    balanced: ledger.balanced,
    predictions: (ledger.predictions as { stored: number }).stored,
    feedback: (ledger.feedback as { stored: number }).stored,
    parked: (ledger.feedback as { parked: number }).parked,
    models: models.items.length,
  };
}

/**
 * What a life came to in the end, whatever happened on the way. A run may end while feedback that came before its
 * prediction is parked still: a join that failed is tried again, or offered again by the sweeper.
 */
async function outcome(life: Life) {
  const until = Date.now() + 120_000;
  let now = await progress(life);
  while ((!now.run || now.parked > 0) && Date.now() < until) {
    await sleep(500);
    now = await progress(life);
  }
  return now;
}

const WHOLE = {
  run: { status: 'succeeded', version: 1, promoted: true },
  balanced: true,
  predictions: ITEMS,
  feedback: ITEMS,
  parked: 0,
  models: 1,
};

describe('at every await of the loop', () => {
  it(
    'a crash, a failure, a lost answer or a delay loses nothing and doubles nothing',
    { timeout: (BUDGET_SECONDS + 400) * 1_000 },
    async () => {
      const lives = [await live('first')];
      await expect.poll(() => ended(lives[0]!), { timeout: 60_000, interval: 500 }).toBeTruthy();
      // The sweeper comes every quarter of a minute, and has points of its own.
      if (IS_LONG) await sleep(16_000);
      const found = await points();
      expect(found.length).toBeGreaterThanOrEqual(40);
      const random = seededRandom(FAULT_SEED);
      const jobs = found.filter((point) => point.startsWith('job ') || point.startsWith('hint '));
      const cases = shuffled(
        [
          ...found.flatMap((point) => ACTIONS.map((action) => ({ point, action }))),
          ...jobs.map((point) => ({ point, action: 'twice' })),
        ],
        random,
      );
      const met: string[] = [];
      const began = Date.now();
      for (const [n, { point, action }] of cases.entries()) {
        if (Date.now() - began > BUDGET_SECONDS * 1_000 && met.length > FEWEST_MET) break;
        await writeFile(plan, JSON.stringify({ point, action }));
        const life = await live(`life-${n}`);
        lives.push(life);
        for (const until = Date.now() + WAIT_SECONDS * 1_000; existsSync(plan) && Date.now() < until;) {
          if (await ended(life)) break;
          await sleep(100);
        }
        if (!existsSync(plan)) met.push(`${action} at ${point}`);
        await rm(plan, { force: true });
      }
      console.log(`crash points: seed ${FAULT_SEED}, ${found.length} points, ${cases.length} cases, ${met.length} met`);
      expect(met.length).toBeGreaterThan(FEWEST_MET);
      await cluster.ready();
      for (const life of lives) expect(await outcome(life), life.projectId).toEqual(WHOLE);
      expect(wrongAnswers).toEqual([]);
      expect(await diagnosis(cluster)).toEqual([]);
    },
  );
});
