import type { SnapshotSample } from '../../core/manifest.js';
import type { Fit } from './learner.js';
import type { Lesson } from './lesson.js';
import { prepare } from './prepare.js';
import type { OwnBase } from './read-samples.js';
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
  const { parent: _parent, ...fresh } = options;
  const { samples: usable, lesson, candidates, order } = await prepare(samples, fresh, pace, own);
  const learner = candidates.find(({ name }) => name === candidate) ?? candidates.at(-1)!;
  const members = Int32Array.from(usable.keys());
  const fit = await learner.fit({ ...order, ...COLD, members });
  return { fit, lesson, trainSamples: members.length };
}
