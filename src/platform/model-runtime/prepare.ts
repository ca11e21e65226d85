import { labelToday, NO_CHANGES } from '../../core/label-changes.js';
import type { SnapshotSample } from '../../core/manifest.js';
import { VALUE } from './goal.js';
import type { FitOrder, Learner } from './learner.js';
import { learnersOf } from './learners.js';
import { type Lesson, lessonOf, type Parent, RETIRED } from './lesson.js';
import { isForeign, verifiedManifest } from './model-files.js';
import type { OwnBase } from './own-base.js';
import { readSamples, type ReadSamples } from './read-samples.js';
import type { TrainingPace } from './training-pace.js';
import type { ModelKind, TrainingOptions } from './types.js';

/** What a run learns from, ready to be learnt. The same samples and options give the same. */
export interface Prepared {
  readonly read: ReadSamples;
  /** Those that can be read. */
  readonly samples: readonly SnapshotSample[];
  readonly parent: Parent | undefined;
  readonly lesson: Lesson;
  /** The simplest first. */
  readonly candidates: readonly Learner[];
  readonly order: Omit<FitOrder, 'members' | 'onProgress'>;
}

export async function prepare(
  all: readonly SnapshotSample[],
  options: TrainingOptions,
  pace: TrainingPace,
  own?: OwnBase,
): Promise<Prepared> {
  const read = await readSamples(all, pace, own, options.onProgress);
  const samples = read.usable.map(({ sample }) => sample);
  const parent = parentOf(read.kind, options);
  const lesson = lessonOf(samples, options, parent);
  const candidates = await learnersOf(read, lesson.goal, pace, parent);
  const order = { importance: lesson.importance, seed: options.seed, effort: 1, isWarm: true };
  return { read, samples, parent, lesson, candidates, order };
}

/** A parent of another kind or task, or of another program, has nothing to hand on. */
function parentOf(kind: ModelKind, { parent: files, settings }: TrainingOptions): Parent | undefined {
  if (!files) return undefined;
  const manifest = verifiedManifest(files);
  const isAlike = manifest.kind === kind && (manifest.task ?? 'classification') === (settings.task ?? 'classification');
  if (!isAlike || isForeign(manifest)) return undefined;
  if (manifest.task === 'regression') return { files, manifest, labels: [VALUE] };
  return {
    files,
    manifest,
    labels: manifest.labels.map((label) => labelToday(settings.labels ?? NO_CHANGES, label) ?? RETIRED),
  };
}
