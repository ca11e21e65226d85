import { setTimeout as sleep } from 'node:timers/promises';
import type { SnapshotSample } from '../../core/manifest.js';
import type { ObjectStore } from '../object-store/object-store.js';
import { REFUSED } from './command-trainer.js';
import { TrainingCancelled, TrainingFailed, TrainingRefused } from './errors.js';
import { exportedSamples, foreignModel, progressIn, requireSize, toldOf } from './foreign-output.js';
import { type JobState, KubernetesApi, KubernetesRefused } from './kubernetes-api.js';
import { type Cluster, type JobOrder, LONGEST_SECONDS } from './kubernetes-job.js';
import { fileKey } from './model-files.js';
import type { TrainedModel, TrainingOptions } from './types.js';

/* A run that is executed by a Job in a Kubernetes cluster; docs/trainers.md is the contract of what it runs. */

const LOOK_EVERY_MS = 1_000;
/** An API that has not answered for so long is not coming back in time. */
const PATIENCE_MS = 120_000;
const LEFT_FILES = ['report.json', 'model.json', 'weights.bin'] as const;

export interface KubernetesRun {
  readonly cluster: Cluster;
  readonly runId: string;
  readonly attempt: number;
  /** Where the attempt may write, its own alone: an attempt that was given up cannot reach the next one's files. */
  readonly prefix: string;
}

/** Rejects as the trainer does: `TrainingRefused`, `TrainingCancelled` or `TrainingFailed`. */
export async function trainOnKubernetes(
  store: ObjectStore,
  samples: readonly SnapshotSample[],
  { cluster, runId, attempt, prefix }: KubernetesRun,
  options: TrainingOptions,
): Promise<TrainedModel> {
  const startedAt = performance.now();
  const api = new KubernetesApi(cluster);
  const folder = fileKey(prefix, 'job');
  const lines = Array.from(exportedSamples(samples, options.settings.task), (line) => Buffer.from(line));
  await store.put(fileKey(folder, 'snapshot.ndjson'), Buffer.concat(lines), 'application/x-ndjson');
  const order = { runId, attempt, env: { ...(await addresses(store, folder)), ...toldOf(options) } };
  // A trainer that ended without its Job left it behind: two attempts never run side by side.
  await api.removeAll(runId);
  await api.create(order);
  try {
    await ended(api, order, options);
    const left = await filesIn(store, folder);
    return await foreignModel(left, { samples, backend: 'kubernetes', options, startedAt });
  } finally {
    // A model that is made is not given up because its Job cannot be tidied away: the cluster does that in an hour.
    await api.removeAll(runId).catch(() => undefined);
  }
}

async function addresses(store: ObjectStore, folder: string): Promise<Record<string, string>> {
  const { url } = await store.presignGet(fileKey(folder, 'snapshot.ndjson'), LONGEST_SECONDS);
  const uris = await Promise.all(
    LEFT_FILES.map(async (name) => [name, await store.presignAnyPut(fileKey(folder, name), LONGEST_SECONDS)] as const),
  );
  return {
    FLYWHEEL_SNAPSHOT_URI: url,
    FLYWHEEL_MODEL_URIS: JSON.stringify(Object.fromEntries(uris)),
  };
}

/** Resolves when the Job has succeeded. */
async function ended(api: KubernetesApi, order: JobOrder, { signal, onProgress }: TrainingOptions): Promise<void> {
  let answeredAt = performance.now();
  for (;;) {
    if (signal.aborted) throw new TrainingCancelled();
    try {
      const state = await api.state(order);
      if (state.outcome === 'succeeded') return;
      if (state.outcome === 'failed') throw failureOf(state);
      const said = progressIn((await api.lastLine(order)) ?? '');
      if (said) onProgress(said.progress, said.note);
      answeredAt = performance.now();
    } catch (error) {
      if (isFinal(error) || performance.now() - answeredAt > PATIENCE_MS) throw asFailure(error as Error);
    }
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}

function failureOf({ exitCode, reason }: JobState): Error {
  const words = reason ?? `the Job ended by exit code ${exitCode ?? 'unknown'}`;
  return exitCode === REFUSED ? new TrainingRefused(words) : new TrainingFailed(words);
}

/** What waiting does not change: our own verdicts, and what the API says about our requests (but not "too many"). */
const isFinal = (error: unknown): boolean =>
  error instanceof TrainingFailed ||
  error instanceof TrainingRefused ||
  (error instanceof KubernetesRefused && error.status < 500 && error.status !== 429);

const asFailure = (error: Error): Error =>
  error instanceof TrainingRefused || error instanceof TrainingFailed ? error : new TrainingFailed(error.message);

async function filesIn(store: ObjectStore, folder: string): Promise<Map<string, Buffer>> {
  const left = new Map<string, Buffer>();
  let bytes = 0;
  for (const name of LEFT_FILES) {
    const key = fileKey(folder, name);
    const head = await store.head(key);
    if (!head) throw new TrainingFailed(`the Job succeeded and left no ${name}`);
    requireSize((bytes += head.bytes));
    left.set(name, await store.get(key));
  }
  return left;
}
