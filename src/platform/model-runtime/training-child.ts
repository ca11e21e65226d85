import { setPriority } from 'node:os';
import type { SnapshotSample } from '../../core/manifest.js';
import { ObjectStore } from '../object-store/object-store.js';
import { InputsTooLarge, readSnapshot } from '../object-store/snapshot-reader.js';
import { TrainingRefused } from './errors.js';
import { ActivationCache } from './activation-cache.js';
import { Base } from './base.js';
import { fitAhead, judgeBeside, leaksBeside } from './beside.js';
import { ANSWERS, readKept } from './kept-answers.js';
import { readBaseFiles, readModelFiles } from './load-model.js';
import { fileKey, fileOf, MANIFEST, MAP, sha256, withProvenance } from './model-files.js';

import type { OwnBase } from './own-base.js';
import { trainModel } from './train-model.js';
import type {
  Elsewhere,
  FromChild,
  InspectionJob,
  InspectionReport,
  ToChild,
  TrainingJob,
  TrainingReport,
} from './training-messages.js';
import type { ModelFiles, TrainedModel, TrainingOptions } from './types.js';

/**
 * The process that trains: one run, one process. It reads and writes the object store itself, so that only words
 * travel between it and its parent, and ends with the parent.
 */
const ORPHANED = 70;
const LOWER_PRIORITY = 10;
const PROGRESS_EVERY_MS = 500;

/** Of the samples of a run, held in memory: half of what its heap may be (training-processes.ts). */
const MOST_INPUT_BYTES = 1.5 * 2 ** 30;

const cancelled = new AbortController();

async function inspect({ store, prefix, spec, backend }: InspectionJob): Promise<InspectionReport> {
  const { features } = await Base.open(await readBaseFiles(new ObjectStore(store), { prefix }), spec, backend);
  return { features };
}

async function train(job: TrainingJob): Promise<TrainingReport> {
  const store = new ObjectStore(job.store);
  const { elsewhere } = job;
  const own = job.base && !elsewhere ? await openOwn(store, job.base, job.backend) : undefined;
  const [all, options] = await Promise.all([samplesOf(store, job.manifestKey), optionsOf(store, job)]);
  const samples = all.filter(({ split }) => split === 'train');
  const leaks = leaksBeside(
    samples,
    all.filter(({ split }) => split === 'holdout'),
  );
  const trained = elsewhere
    ? await trainElsewhere(store, samples, { ...job, elsewhere }, options)
    : await trainModel(samples, options, own);

  const metrics = { ...trained.metrics, leaks: await leaks() };
  const files = withProvenance(trained.files, job.provenance);
  await keep(store, job.outputPrefix, { ...trained, files });
  return {
    ...{ kind: trained.kind, labels: trained.labels, backend: trained.backend, metrics },
    prefix: job.outputPrefix,
    manifestSha256: sha256(fileOf(files, MANIFEST)),
    bytes: [...files.values()].reduce((sum, { length }) => sum + length, 0),
  };
}

/** Refuses what would use up the memory of this process: three attempts would end alike. */
function samplesOf(store: ObjectStore, manifestKey: string): Promise<SnapshotSample[]> {
  return readSnapshot(store, manifestKey, undefined, MOST_INPUT_BYTES).catch((error: unknown) => {
    if (!(error instanceof InputsTooLarge)) throw error;
    throw new TrainingRefused(`${error.message}: lower training.maxSamples, or training.maxRefitSamples for a refit`);
  });
}

/** What another program trains has no parent: it begins as it likes. */
async function optionsOf(store: ObjectStore, job: TrainingJob): Promise<TrainingOptions> {
  const { seed, settings, parentPrefix, elsewhere } = job;
  const isFresh = parentPrefix === undefined || elsewhere !== undefined;
  const inherited = isFresh ? {} : await inheritanceOf(store, parentPrefix);
  return { seed, settings, ...inherited, fitAhead, judgeBeside, onProgress: progress(), signal: cancelled.signal };
}

async function inheritanceOf(store: ObjectStore, prefix: string): Promise<Pick<TrainingOptions, 'parent' | 'kept'>> {
  const [parent, answers] = await Promise.all([readModelFiles(store, prefix), store.find(fileKey(prefix, ANSWERS))]);
  const kept = answers && readKept(answers.toString('utf8'));
  return kept ? { parent, kept } : { parent };
}

/** The model comes last: what lies beside it is there when it is. */
async function keep(store: ObjectStore, prefix: string, { files, map, kept }: TrainedModel): Promise<void> {
  const putBeside = (name: string, value: object): Promise<void> =>
    store.put(fileKey(prefix, name), JSON.stringify(value), 'application/json');
  await Promise.all([map && putBeside(MAP, map), kept && putBeside(ANSWERS, kept)]);
  await putFiles(store, prefix, files);
}

/** The manifest comes last in a model's files: it names none that is missing. */
async function putFiles(store: ObjectStore, prefix: string, files: ModelFiles): Promise<void> {
  const put = ([name, body]: readonly [string, Buffer]): Promise<void> =>
    store.put(fileKey(prefix, name), body, name.endsWith('.json') ? 'application/json' : undefined);
  await Promise.all([...files].filter(([name]) => name !== MANIFEST).map(put));
  await put([MANIFEST, fileOf(files, MANIFEST)]);
}

async function trainElsewhere(
  store: ObjectStore,
  samples: readonly SnapshotSample[],
  { elsewhere, outputPrefix }: TrainingJob & { readonly elsewhere: Elsewhere },
  options: TrainingOptions,
): Promise<TrainedModel> {
  // Loaded by runs that need them alone.
  if (elsewhere.kind === 'command') {
    const { trainByCommand } = await import('./command-trainer.js');
    return trainByCommand(samples, elsewhere.command, options);
  }
  const { trainOnKubernetes } = await import('./kubernetes-trainer.js');
  return trainOnKubernetes(store, samples, { ...elsewhere, prefix: outputPrefix }, options);
}

async function openOwn(
  store: ObjectStore,
  base: NonNullable<TrainingJob['base']>,
  backend: TrainingJob['backend'],
): Promise<OwnBase> {
  const { cachePrefix, ...inputs } = base;
  const [files, cache] = await Promise.all([readBaseFiles(store, inputs), ActivationCache.open(store, cachePrefix)]);
  return { base: await Base.open(files, inputs.spec, backend), inputs, cache, files };
}

/** Says how far it is, at once and then at most twice a second. */
function progress(): (fraction: number, note: string) => void {
  let saidAt = -Infinity;
  return (fraction, note) => {
    if (performance.now() - saidAt < PROGRESS_EVERY_MS) return;
    saidAt = performance.now();
    process.send!({ type: 'progress', fraction, note } satisfies FromChild);
  };
}

function failure(error: unknown): FromChild {
  const reason = error instanceof Error ? error.message : String(error);
  return { type: error instanceof TrainingRefused ? 'refused' : 'failed', reason };
}

// Training uses what serving leaves.
setPriority(LOWER_PRIORITY);
process.once('disconnect', () => process.exit(ORPHANED));
process.on('message', (message: ToChild) => {
  if (message.type === 'cancel') return cancelled.abort();
  void (message.type === 'train' ? train(message.job) : inspect(message.job))
    .then((report): FromChild => ({ type: 'done', report }), failure)
    .then((last) => process.send!(last, () => process.exit(0)));
});
