import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type FlywheelClient, flywheelClient } from '../../examples/demo/client.js';
import type { Labelled } from '../learn/data.js';
import { banking77, shuffled } from '../learn/data.js';
import { seededRandom } from '../../src/platform/model-runtime/random.js';
import { startServer } from '../processes.js';
import { changeSettings, RESTS } from '../settings.js';
import { markdownTable } from '../table.js';
import { BOUND, growth } from './growth.js';

/*
 * npm run bench:live -- --data FOLDER [--samples 10000]: from the correction that fires the trigger to the answer of the
 * new champion, and where the time goes. The debounce is set to nothing, since it is waited for on purpose.
 * With --sorted the samples come label by label, so that every batch brings a new one.
 * With --grow 1000000 instead: what a run costs beside ever more stored samples.
 */

const KEY = 'fw_bench_key_of_the_default_project';
const ADMIN = 'fw_bench_key_of_the_operator';
const NEW = 200;
const POLL_MS = 25;

interface Run {
  readonly id: string;
  readonly status: string;
  readonly modelVersion: number | null;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly decision: { readonly decidedAt: string; readonly reason: string } | null;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      data: { type: 'string' },
      samples: { type: 'string', default: '10000' },
      rounds: { type: 'string', default: '3' },
      grow: { type: 'string' },
      sorted: { type: 'boolean', default: false },
    },
  });
  if (values.grow !== undefined) return grow(Number(values.grow));
  if (values.data === undefined) throw new Error('--data FOLDER: where banking77 is');
  const most = Number(values.samples) + NEW * Number(values.rounds);
  const all = banking77(values.data);
  const items = (values.sorted ? all : shuffled(all, seededRandom(1))).slice(0, most);
  await onFlywheel(async (client, url) => {
    await changeSettings(url, ADMIN, { retrain: RESTS });
    const from = items.length - NEW * Number(values.rounds);
    await post(client, items.slice(0, from), 0);
    await client.post('/v1/runs', {});
    await lastRun(client, 1);
    await changeSettings(url, ADMIN, { retrain: { ...RESTS, minNewLabels: NEW } });
    const rows: string[][] = [];
    for (let round = 0; round < Number(values.rounds); round += 1) {
      const at = from + round * NEW;
      rows.push(await measure(client, items.slice(at, at + NEW), at, round + 2));
    }
    const head = [
      'samples',
      'whole',
      'trigger and snapshot',
      'training',
      'comparison and decision',
      'until it answers',
      'why',
    ];
    process.stdout.write(`${markdownTable(head, rows)}\n`);
  });
}

/** 1,000 stored samples, then ten times as many, up to the number given. */
function grow(most: number): Promise<void> {
  const sizes = [1_000, 10_000, 100_000, 1_000_000].filter((size) => size <= most);
  return onFlywheel(async (client, url) => {
    await changeSettings(url, ADMIN, { retrain: RESTS, training: { maxSamples: BOUND } });
    await growth(client, sizes);
  });
}

async function onFlywheel(work: (client: FlywheelClient, url: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'flywheel-live-'));
  const env = { FLYWHEEL_API_KEY: KEY, FLYWHEEL_ADMIN_KEY: ADMIN, FLYWHEEL_DATA_DIR: folder };
  const server = await startServer('dist/main.js', { path: '/health/ready', env });
  try {
    await work(flywheelClient(server.url, KEY), server.url);
  } finally {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function measure(
  client: FlywheelClient,
  items: readonly Labelled[],
  at: number,
  runs: number,
): Promise<string[]> {
  const { feedback } = bodies(items, at);
  await client.postAll('/v1/predictions', bodies(items, at).predictions);
  const begun = Date.now();
  await client.postAll('/v1/feedback', feedback);
  const run = await lastRun(client, runs);
  const { champion } = await client.get<{ champion: { version: number } }>('/v1/loop');
  const isPromoted = champion.version === run.modelVersion;
  while (isPromoted && (await answering(client)) !== run.modelVersion) await sleep(POLL_MS);
  const answered = Date.now();
  const times = [
    begun,
    Date.parse(run.startedAt!),
    Date.parse(run.finishedAt!),
    Date.parse(run.decision!.decidedAt),
    answered,
  ];
  const parts = times.slice(1).map((time, i) => seconds(time - times[i]!));
  return [String(at + items.length), seconds(answered - begun), ...parts, run.decision!.reason];
}

const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(2)} s`;

async function answering(client: FlywheelClient): Promise<number> {
  const { results } = await client.post<{ results: { modelVersion: number }[] }>('/v1/predict', {
    inputs: [{ text: 'where is my card?' }],
  });
  return results[0]!.modelVersion;
}

/** The newest run, once there are so many and it has ended. */
async function lastRun(client: FlywheelClient, count: number): Promise<Run> {
  for (;;) {
    const { items } = await client.get<{ items: Run[] }>('/v1/runs?limit=100');
    const [newest] = items;
    if (items.length >= count && newest && !['queued', 'running'].includes(newest.status)) return newest;
    await sleep(POLL_MS);
  }
}

async function post(client: FlywheelClient, items: readonly Labelled[], at: number): Promise<void> {
  const { predictions, feedback } = bodies(items, at);
  await client.postAll('/v1/predictions', predictions);
  await client.postAll('/v1/feedback', feedback);
}

function bodies(items: readonly Labelled[], at: number) {
  const model = { name: 'staff', version: '0' };
  return {
    predictions: items.map(({ input }, i) => ({ id: `m${at + i}`, model, input, output: { label: 'unknown' } })),
    feedback: items.map(({ label }, i) => ({
      ...{ predictionId: `m${at + i}`, kind: 'correction', label },
      rater: { id: `user${(at + i) % 50}`, role: 'user' },
    })),
  };
}

await main();
