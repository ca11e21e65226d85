import pLimit from 'p-limit';
import type { ForeignInput } from '../../core/base-model.js';
import type { SnapshotSample } from '../../core/manifest.js';
import type { ActivationCache } from './activation-cache.js';
import { type Base, numbersOf } from './base.js';
import { BaseThreads, threadsFor } from './base-threads.js';
import type { BaseInputs } from './dense-model.js';
import { orUnreadable } from './errors.js';
import type { TrainingPace } from './training-pace.js';
import type { ModelFiles, TrainingOptions } from './types.js';

/** A project's own base, opened, and the activations that were computed before. */
export interface OwnBase {
  readonly base: Base;
  readonly inputs: BaseInputs;
  readonly cache?: ActivationCache;
  /** From which other threads open it as well; without them all is computed on this one. */
  readonly files?: ModelFiles;
}

/** Inputs that are read and asked about together: of small ones more, as each question costs a little by itself. */
const AT_ONCE = { fewest: 8, most: 32, numbers: 2 ** 20 } as const;
/** Threads take a second to start. */
const WORTH_MS = 3_000;

/**
 * The activations of each sample, undefined for one that cannot be read. Those that are not known are computed, on
 * several threads where that saves time, while the next inputs are decoded; they are kept every half minute, so that a run
 * that is ended leaves most of them to the next one.
 */
export async function activationsOf(
  samples: readonly SnapshotSample[],
  own: OwnBase,
  pace: TrainingPace,
  onProgress: TrainingOptions['onProgress'],
): Promise<(Float32Array | undefined)[]> {
  const { base, cache } = own;
  const found = samples.map(({ contentHash }) => cache?.get(contentHash));
  const fresh = samples.flatMap((_, i) => (found[i] ? [] : [i]));
  let done = 0;
  const compute = async (part: readonly number[], asked: Pick<Base, 'activationsOf'>): Promise<void> => {
    const read = await Promise.all(part.map((i) => orUnreadable(base.numbers([samples[i]!.input]))));
    const readable = part.filter((_, k) => read[k]);
    const activations = await asked.activationsOf(read.flatMap((rows) => rows ?? []));
    readable.forEach((i, k) => {
      found[i] = activations[k]!;
      cache?.add(samples[i]!.contentHash, activations[k]!);
    });
    done += part.length;
    onProgress(0, `activations of ${done} of ${fresh.length} new inputs`);
    await cache?.saveNowAndThen();
    await pace.breathe();
  };
  const [first, ...rest] = partsOf(fresh, base.input);
  if (!first) return found;
  const startedAt = performance.now();
  await compute(first, base);
  const left = rest.length * (performance.now() - startedAt);
  await onThreads(own, left, (asked, atOnce) => eachOf(rest, atOnce, (part) => compute(part, asked)));
  await cache?.save();
  return found;
}

function partsOf<Item>(items: readonly Item[], input: ForeignInput): Item[][] {
  const atOnce = Math.max(AT_ONCE.fewest, Math.min(AT_ONCE.most, Math.floor(AT_ONCE.numbers / numbersOf(input))));
  const count = Math.ceil(items.length / atOnce);
  return Array.from({ length: count }, (_, i) => items.slice(i * atOnce, (i + 1) * atOnce));
}

/** @param left milliseconds that the work would take on this thread */
async function onThreads(
  { base, files, inputs }: OwnBase,
  left: number,
  work: (asked: Pick<Base, 'activationsOf'>, count: number) => Promise<void>,
): Promise<void> {
  const count = files && left > WORTH_MS ? threadsFor(base.backend) : 1;
  if (count === 1) return work(base, 1);
  const threads = new BaseThreads(base, { files: files!, spec: inputs.spec, backend: base.backend }, count);
  try {
    await work(threads, count);
  } finally {
    await threads.close();
  }
}

/** Twice as many at a time as threads answer: the others are decoded meanwhile. */
async function eachOf<Part>(
  parts: readonly Part[],
  threads: number,
  work: (part: Part) => Promise<void>,
): Promise<void> {
  const limit = pLimit(2 * threads);
  try {
    await limit.map(parts, work);
  } finally {
    limit.clearQueue();
  }
}
