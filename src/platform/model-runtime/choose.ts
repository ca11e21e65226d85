import { meanLoss, type Said, temperatureOf } from '../../core/calibration.js';
import type { SnapshotSample } from '../../core/manifest.js';
import { type Goal, offScale } from './goal.js';
import type { FitOrder, Learner } from './learner.js';
import { FEWEST, fitWithoutFold, foldsOf, FOLDS } from './out-of-fold.js';
import type { Choice } from './types.js';

/** One fold is asked: it holds a quarter of the samples, and the difference between candidates is large or does not matter. */
const ASKED = FOLDS[0];
/** With more samples than this the last candidate, which can learn most, has always been the better one. */
const MOST = 10_000;

interface Contest {
  readonly samples: readonly SnapshotSample[];
  readonly goal: Goal;
  readonly order: Omit<FitOrder, 'members'>;
}

/**
 * Of several candidates the one with the least loss on samples that it has not learnt from; of equals the simplest.
 * @param candidates the simplest first
 */
export async function choose(
  candidates: readonly Learner[],
  { samples, goal, order }: Contest,
): Promise<{ learner: Learner; choice?: Choice }> {
  const folds = foldsOf(samples);
  const asked = Int32Array.from(samples.keys()).filter((i) => folds[i] === ASKED);
  const isOpen = candidates.length > 1 && samples.length >= FEWEST && samples.length <= MOST;
  if (!isOpen || asked.length === 0 || asked.length === samples.length) return { learner: candidates.at(-1)! };
  const losses: number[] = [];
  for (const learner of candidates) {
    const fit = await fitWithoutFold({ learner, samples, folds, order }, ASKED);
    losses.push(goal.scale ? squaredError(fit.answer, goal, asked) : crossEntropy(fit.answer, goal, asked));
  }
  const best = losses.indexOf(Math.min(...losses));
  const found = candidates.map(({ name }, i) => ({ name, loss: losses[i]! }));
  return { learner: candidates[best]!, choice: { chosen: candidates[best]!.name, candidates: found } };
}

type Answer = (sample: number) => ArrayLike<number>;

/** With confidences made true, as in service. */
function crossEntropy(answer: Answer, { targets }: Goal, asked: Int32Array): number {
  const said: Said[] = Array.from(asked, (i) => ({
    probabilities: Float32Array.from(answer(i)),
    target: targets[i]!,
  }));
  return meanLoss(said, temperatureOf(said));
}

function squaredError(answer: Answer, { targets, scale }: Goal, asked: Int32Array): number {
  const squares = Array.from(asked, (i) => (answer(i)[0]! - offScale(targets[i]!, scale!)) ** 2);
  return squares.reduce((sum, square) => sum + square, 0) / squares.length;
}
