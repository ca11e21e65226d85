import { hash, randomUUID } from 'node:crypto';
import { Agent } from 'node:http';
import pg from 'pg';
import { cpuSeconds, type ServerProcess } from '../processes.js';
import { markdownTable } from '../table.js';
import { aKilobyte } from './bodies.js';
import { post } from './even-load.js';

const SIZES = [1e4, 1e5, 1e6, 1e7];
/** So much is posted at each size: enough to be measured, little beside what is there. */
const WORK = { batches: 200, itemsABatch: 100, singles: 10_000, feedback: 8_000 };
const CONNECTIONS = 32;
const FILL_AT_ONCE = 500_000;

interface Grown {
  readonly size: number;
  /** CPU microseconds an item over all server processes. */
  readonly batch: number;
  readonly single: number;
  readonly feedbackByPrediction: number;
  readonly feedbackByExternalId: number;
}

/**
 * What inserting and joining cost beside ever more predictions, a tenth of them spoken about. New ones have random ids of
 * their own, so that they land anywhere in the index; the feedback is about predictions from all over the past.
 */
export async function growth(flywheel: ServerProcess, key: string, databaseUrl: string, most: number): Promise<void> {
  const database = new pg.Client({ connectionString: databaseUrl });
  await database.connect();
  const rows: Grown[] = [];
  await fill(database, 0, SIZES[0]!);
  await measureAt(flywheel, key, 0, SIZES[0]!);
  let filled = SIZES[0]!;
  for (const size of SIZES.filter((one) => one <= most)) {
    await fill(database, filled, size);
    filled = size;
    rows.push(await measureAt(flywheel, key, size, size));
    process.stderr.write(`${size} predictions: ${JSON.stringify(rows.at(-1))}\n`);
  }
  await database.end();
  report(rows);
}

/** As the service would have written them long ago. */
async function fill(database: pg.Client, from: number, to: number): Promise<void> {
  for (let start = from; start < to; start += FILL_AT_ONCE) {
    const range = [start, Math.min(to, start + FILL_AT_ONCE) - 1];
    await database.query(FILL_PREDICTIONS, range);
    await database.query(FILL_FEEDBACK, range);
    await database.query(FILL_SAMPLES, range);
  }
  // Postgres would do so by itself, in the middle of what is measured.
  await database.query('vacuum (analyze) prediction, feedback, sample');
  await database.query('checkpoint');
}

const FILL_PREDICTIONS = `
insert into prediction (project_id, id, external_id, body_hash, content_hash, group_hash, split, input_kind, preview,
                        model_version, label, occurred_at, received_at, batch_id, batch_line)
select 'default', 'old-' || md5(i::text), 'ext-' || md5(i::text), md5(i::text), md5(i::text), md5(i::text), 'train', 'text',
       'a text of long ago ' || i, '1', 'refund', now(), now(), 0, 0
from generate_series($1::int, $2::int) i`;

const FILL_FEEDBACK = `
insert into feedback (project_id, id, prediction_id, kind, label, rater_id, rater_role, body_hash, occurred_at, joined_at)
select 'default', 'said-' || md5(i::text), 'old-' || md5(i::text), 'correction', 'delivery', 'anna', 'user', 'h', now(), now()
from generate_series($1::int, $2::int) i where i % 10 = 0`;

const FILL_SAMPLES = `
insert into sample (project_id, prediction_id, status, label, support, split, revision)
select 'default', 'old-' || md5(i::text), 'resolved', 'delivery', 1, 'train', nextval('label_revision')
from generate_series($1::int, $2::int) i where i % 10 = 0`;

async function measureAt(flywheel: ServerProcess, key: string, size: number, past: number): Promise<Grown> {
  const target = { url: flywheel.url, key };
  const withIds = (count: number) => Array.from({ length: count }, () => aKilobyte({ id: randomUUID() }));
  const batches = Array.from({ length: WORK.batches }, () => JSON.stringify({ items: withIds(WORK.itemsABatch) }));
  const singles = withIds(WORK.singles).map((item) => JSON.stringify(item));
  const cost = async (path: string, bodies: readonly string[], items: number) =>
    (await cpuOf(flywheel, () => postAll({ ...target, path }, bodies))) * (1e6 / items);
  return {
    size,
    batch: await cost('/v1/predictions', batches, WORK.batches * WORK.itemsABatch),
    single: await cost('/v1/predictions', singles, WORK.singles),
    feedbackByPrediction: await cost('/v1/feedback', feedbackAbout('predictionId', 'old-', past), WORK.feedback),
    feedbackByExternalId: await cost('/v1/feedback', feedbackAbout('externalId', 'ext-', past), WORK.feedback),
  };
}

/** About predictions evenly spread over the past. */
function feedbackAbout(member: 'predictionId' | 'externalId', prefix: string, past: number): string[] {
  return Array.from({ length: WORK.feedback }, (_, n) => {
    const about = prefix + md5(String(Math.floor(((n + 0.5) / WORK.feedback) * past)));
    const rater = { id: randomUUID(), role: 'user' };
    return JSON.stringify({ [member]: about, kind: 'correction', label: 'invoice', rater });
  });
}

const md5 = (text: string): string => hash('md5', text, 'hex');

async function cpuOf(flywheel: ServerProcess, work: () => Promise<void>): Promise<number> {
  const before = cpuSeconds([flywheel.pid]);
  await work();
  return cpuSeconds([flywheel.pid]) - before;
}

async function postAll(target: { url: string; key: string; path: string }, bodies: readonly string[]): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const left = bodies.values();
  const lives = Array.from({ length: CONNECTIONS }, async () => {
    for (const body of left) await post(target, body, agent);
  });
  await Promise.all(lives);
  agent.destroy();
}

function report(rows: readonly Grown[]): void {
  const first = rows[0]!;
  const cell = (row: Grown, key: Exclude<keyof Grown, 'size'>) =>
    `${row[key].toFixed(0)} (${(row[key] / first[key]).toFixed(2)})`;
  const table = rows.map((row) => [
    row.size.toLocaleString('en'),
    cell(row, 'batch'),
    cell(row, 'single'),
    cell(row, 'feedbackByPrediction'),
    cell(row, 'feedbackByExternalId'),
  ]);
  const head = ['predictions', 'batches of 100', 'one', 'feedback by predictionId', 'feedback by externalId'];
  process.stdout.write(`CPU µs an item, and as a ratio to the first line\n\n${markdownTable(head, table)}\n`);
}
