import { type FlywheelClient } from '../../examples/demo/client.js';
import { markdownTable } from '../table.js';

/** What a run costs beside ever more stored samples, with the same 200 new labels and the same bound each time. */

const NEW = 200;
const LABELS = 20;
const POLL_MS = 25;
/** Bound on what a run trains on: small, so that the sizes measured lie on both sides of it. */
export const BOUND = 5_000;

interface Run {
  readonly status: string;
  readonly createdAt: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly decision: { readonly decidedAt: string } | null;
}

export async function growth(client: FlywheelClient, sizes: readonly number[]): Promise<void> {
  const rows: string[][] = [];
  let stored = 0;
  for (const size of sizes) {
    await post(client, stored, size - stored - NEW);
    await run(client); // takes in what was just posted
    await post(client, size - NEW, NEW);
    stored = size;
    const asked = Date.now();
    const { startedAt, finishedAt, decision } = await run(client);
    const times = [asked, Date.parse(startedAt), Date.parse(finishedAt), Date.parse(decision!.decidedAt)];
    const parts = times.slice(1).map((time, i) => `${((time - times[i]!) / 1000).toFixed(2)} s`);
    rows.push([size.toLocaleString('en'), ...parts]);
    process.stderr.write(`${rows.at(-1)!.join(' ')}\n`);
  }
  const head = ['stored samples', 'snapshot', 'training', 'comparison and decision'];
  process.stdout.write(`${markdownTable(head, rows)}\n`);
}

async function run(client: FlywheelClient): Promise<Run> {
  const { id } = await client.post<{ id: string }>('/v1/runs', {});
  for (;;) {
    const found = await client.get<Run>(`/v1/runs/${id}`);
    if (!['queued', 'running'].includes(found.status)) return found;
    await new Promise((resume) => setTimeout(resume, POLL_MS));
  }
}

async function post(client: FlywheelClient, from: number, count: number): Promise<void> {
  for (let start = from; start < from + count; start += 10_000) {
    const part = Array.from({ length: Math.min(10_000, from + count - start) }, (_, i) => start + i);
    const model = { name: 'staff', version: '0' };
    const predictions = part.map((n) => ({
      id: `m${n}`,
      model,
      input: { text: textOf(n) },
      output: { label: 'none' },
    }));
    const feedback = part.map((n) => ({
      ...{ predictionId: `m${n}`, kind: 'correction', label: `label ${n % LABELS}` },
      rater: { id: `user${n % 50}`, role: 'user' },
    }));
    await client.postAll('/v1/predictions', predictions);
    await client.postAll('/v1/feedback', feedback);
  }
}

/** A sentence of nine words, three of which tell its label; the others are drawn anew for each, so that few are alike. */
function textOf(n: number): string {
  const common = (k: number): string => wordOf((Math.imul(n * 9 + k, 0x9e3779b1) >>> 8) % 4_001);
  const telling = (k: number): string => wordOf(4_001 + (n % LABELS) * 7 + ((n * 31 + k) % 7));
  const words = [common(1), telling(1), common(2), common(3), telling(2), common(4), telling(3), common(5), common(6)];
  return words.join(' ');
}

const CONSONANTS = 'bdfgjklmnprstvwz';

/** Three syllables: words that have as much in common as words have, unlike numbers, which few digits make. */
const wordOf = (n: number): string =>
  [n & 15, (n >> 4) & 15, (n >> 8) & 31]
    .map((part, at) => CONSONANTS[part & 15]! + 'aeiou'[(n + at + (part >> 4)) % 5]!)
    .join('');
