import type { SnapshotSample } from '../../core/manifest.js';
import { learnersOf } from './learners.js';
import type { Fit } from './learner.js';
import { type Lesson, lessonOf } from './lesson.js';
import { type OwnBase, readSamples } from './read-samples.js';
import type { TrainingPace } from './training-pace.js';
import type { TrainingOptions } from './types.js';

/** From nothing, and without a word about it. */
export const COLD = { isWarm: false, onProgress: () => undefined } as const;

export interface RefitOrder {
  readonly samples: readonly SnapshotSample[];
  /** Name of the candidate that the run has chosen. */
  readonly candidate: string;
  readonly own: OwnBase | undefined;
}

/** Learns from nothing what a run has learnt from its parent: what that costs or brings is told by comparing the two. */
export async function refit(
  { samples, candidate, own }: RefitOrder,
  options: TrainingOptions,
  pace: TrainingPace,
): Promise<{ readonly fit: Fit; readonly lesson: Lesson; readonly trainSamples: number }> {
  const read = await readSamples(samples, pace, own);
  const usable = read.usable.map(({ sample }) => sample);
  const lesson = lessonOf(usable, options, undefined);
  const candidates = await learnersOf(read, lesson.goal, pace);
  const learner = candidates.find(({ name }) => name === candidate) ?? candidates.at(-1)!;
  const members = Int32Array.from(usable.keys());
  const { importance } = lesson;
  const fit = await learner.fit({ importance, members, seed: options.seed, effort: 1, ...COLD });
  return { fit, lesson, trainSamples: members.length };
}
