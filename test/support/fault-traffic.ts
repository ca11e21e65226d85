import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { type SeededRandom, seededRandom } from '../../src/platform/model-runtime/random.js';
import { aCorrection, aPrediction } from './builders.js';
import type { Cluster } from './cluster.js';
import { API_KEY } from './flywheel.js';

/** Both can be set, so that a run can be longer, or be repeated. */
export const FAULT_SECONDS = Number(process.env.FAULT_SECONDS ?? 6);
/** `npm run test:faults` gives every suite its length; `npm test` runs each of them short. */
export const IS_LONG = FAULT_SECONDS >= 60;
export const FAULT_SEED = Number(process.env.FAULT_SEED ?? Date.now() % 1_000_000);

const TRIES = 400;
/** Longer than the service lets any request take. */
const PATIENCE_MS = 35_000;
const run = promisify(execFile);

/** Clients that insist until they are acknowledged, and what they were promised. */
export class FaultTraffic {
  /** What was acknowledged, by id: of a prediction its text, of feedback its label. */
  readonly predictions = new Map<string, string>();
  readonly feedback = new Map<string, string>();
  /** Answers that nobody should get. */
  readonly wrongAnswers: string[] = [];
  /** Requests that had no answer at all after {@link PATIENCE_MS}. */
  unanswered = 0;
  slowestMs = 0;
  /** How often the most stubborn item was sent until it was acknowledged. */
  mostTries = 0;
  private isOver = false;
  private lives: Promise<void>[] = [];

  /** @param urls taken in turn: a client tries the next one when the first gives no answer */
  constructor(
    private readonly urls: readonly string[],
    private readonly name = 'c',
  ) {}

  start(clients: number, seed: number, pauseMs = 0): void {
    this.isOver = false;
    this.lives = Array.from({ length: clients }, (_, i) =>
      this.life(`${this.name}${i}-${Date.now().toString(36)}`, seededRandom(seed + 1 + i), pauseMs),
    );
  }

  /** Lets every client finish what it insists on. */
  async stop(): Promise<void> {
    this.isOver = true;
    await Promise.all(this.lives);
  }

  /** Posts predictions and then what it says about some of them; now and then the feedback goes first. */
  private async life(name: string, random: SeededRandom, pauseMs: number): Promise<void> {
    for (let n = 0; !this.isOver; n += 1) {
      const size = random.next() < 0.5 ? 1 : 1 + Math.floor(random.next() * 20);
      const ids = Array.from({ length: size }, (_, i) => `${name}-${n}-${i}`);
      const predictions = ids.map((id) => aPrediction({ id, input: { text: `text of ${id}` } }));
      const said = ids.filter(() => random.next() < 0.4);
      const feedback = said.map((id) => aCorrection({ id: `f-${id}`, predictionId: id, label: `label of ${name}` }));
      const post = () => this.insist('/v1/predictions', predictions, (id) => this.predictions.set(id, `text of ${id}`));
      const say = () => this.insist('/v1/feedback', feedback, (id) => this.feedback.set(id, `label of ${name}`));
      if (random.next() < 0.3) await say().then(post);
      else await post().then(say);
      if (pauseMs > 0) await sleep(pauseMs * random.next());
    }
  }

  /** Posts until it is acknowledged, as a client that wants to be sure does. */
  private async insist(path: string, items: readonly { id: string }[], onAcknowledged: (id: string) => void) {
    if (items.length === 0) return;
    for (let tries = 0; tries < TRIES; tries += 1) {
      const answer = await this.attempt(this.urls[tries % this.urls.length]! + path, { items });
      if (answer?.status === 202) {
        this.mostTries = Math.max(this.mostTries, tries + 1);
        const { results } = answer.body as { results: { id: string; status: string }[] };
        const isRight = ({ status }: { status: string }) => status === 'accepted' || status === 'duplicate';
        this.wrongAnswers.push(...results.filter((result) => !isRight(result)).map((result) => JSON.stringify(result)));
        return results.forEach(({ id }) => onAcknowledged(id));
      }
      await sleep(50 + 5 * tries);
    }
    this.wrongAnswers.push(`${path} was not acknowledged in ${TRIES} tries`);
  }

  /** One attempt: the answer, or undefined when there was none. */
  private async attempt(url: string, body: object): Promise<{ status: number; body: unknown } | undefined> {
    const began = Date.now();
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      const answer = { status: response.status, body: (await response.json()) as unknown };
      const mayComeAgain = response.status === 503 || response.status === 429;
      const isAllowed = response.status === 202 || (mayComeAgain && response.headers.has('retry-after'));
      if (!isAllowed) this.wrongAnswers.push(`${response.status} ${JSON.stringify(answer.body)}`);
      this.slowestMs = Math.max(this.slowestMs, Date.now() - began);
      return answer;
    } catch (error) {
      if ((error as Error).name === 'TimeoutError') this.unanswered += 1;
      return undefined;
    }
  }
}

/** What became of what was acknowledged. Every list is empty when the promise was kept. */
export interface Audit {
  readonly lost: readonly string[];
  readonly wrongLabels: readonly string[];
  readonly wrongBodies: readonly string[];
  readonly wrongAnswers: readonly string[];
  /** What the doctor found. */
  readonly findings: readonly string[];
}

export const KEPT: Audit = { lost: [], wrongLabels: [], wrongBodies: [], wrongAnswers: [], findings: [] };

/** Waits until everything is joined and packs are written, at most a minute, and compares with what was acknowledged. */
export async function audit(cluster: Cluster, traffic: FaultTraffic): Promise<Audit> {
  const pool = new pg.Pool({ connectionString: cluster.databaseUrl, max: 2 });
  pool.on('error', () => undefined);
  const rows = async <Row extends object>(text: string) => (await pool.query<Row>(text)).rows;
  try {
    await settled(rows);
    const stored = new Set([
      ...(await rows<{ id: string }>('select id from prediction')).map(({ id }) => id),
      ...(await rows<{ id: string }>('select id from feedback')).map(({ id }) => id),
    ]);
    const labels = new Map(
      (await rows<{ id: string; label: string }>('select prediction_id as id, label from sample')).map((row) => [
        row.id,
        row.label,
      ]),
    );
    return {
      lost: [...traffic.predictions.keys(), ...traffic.feedback.keys()].filter((id) => !stored.has(id)),
      wrongLabels: [...traffic.feedback].flatMap(([id, label]) => (labels.get(id.slice(2)) === label ? [] : [id])),
      wrongBodies: await wrongBodies(cluster, traffic),
      wrongAnswers: traffic.wrongAnswers,
      findings: await diagnosis(cluster),
    };
  } finally {
    await pool.end();
  }
}

type Rows = <Row extends object>(text: string) => Promise<Row[]>;

const OPEN = `
select (select count(*) from feedback where joined_at is null)
     + (select count(*) from pack where stored_at is null)
     + (select count(*) from feedback_pack where stored_at is null) as open`;

async function settled(rows: Rows): Promise<void> {
  for (const until = Date.now() + 60_000; Date.now() < until; await sleep(500)) {
    const [row] = await rows<{ open: string }>(OPEN);
    if (Number(row!.open) === 0) return;
  }
}

const READ = 200;

/** Two hundred of the predictions, from Postgres or from packs. */
async function wrongBodies({ url }: Cluster, { predictions }: FaultTraffic): Promise<string[]> {
  const wrong: string[] = [];
  const step = Math.max(1, Math.floor(predictions.size / READ));
  for (const [id, text] of [...predictions].filter((_, n) => n % step === 0)) {
    const response = await fetch(`${url}/v1/predictions/${id}`, { headers: { authorization: `Bearer ${API_KEY}` } });
    const { input } = (await response.json()) as { input?: { text?: string } };
    if (input?.text !== text) wrong.push(id);
  }
  return wrong;
}

/** What `flywheel doctor --deep` finds wrong: the books against the rows, the rows against the objects. */
export async function diagnosis({ env }: Cluster): Promise<string[]> {
  const answer = await run(process.execPath, ['dist/main.js', 'doctor', '--json', '--deep'], {
    env: { PATH: process.env.PATH, ...env },
  }).catch((error: { stdout: string }) => error);
  const { findings } = JSON.parse(answer.stdout) as { findings: { name: string; ok: boolean; detail: string }[] };
  return findings.filter(({ ok }) => !ok).map(({ name, detail }) => `${name}: ${detail}`);
}
