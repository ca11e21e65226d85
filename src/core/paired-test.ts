import { normalTail } from './normal.js';
import { sum } from './tally.js';

/** Two models on the same samples: where exactly one of them was right. */
export interface PairedCounts {
  /** Challenger right, champion wrong. */
  readonly wins: number;
  /** Champion right, challenger wrong. */
  readonly losses: number;
}

/**
 * One-sided p-value of the exact McNemar (sign) test that the challenger is worse: P(X >= losses) for
 * X ~ Binomial(wins + losses, 1/2). Small means "worse". Source: Dietterich 1998, exact binomial form.
 */
export const pWorse = ({ wins, losses }: PairedCounts): number => upperTail(losses, wins + losses);

/** As {@link pWorse}, that the challenger is better. */
export const pBetter = ({ wins, losses }: PairedCounts): number => upperTail(wins, wins + losses);

/**
 * As {@link pWorse}, with half the probability of what was seen: the mid-p test. The exact one rejects less often than
 * its level says; this one comes closer to it and was never seen to exceed it by much (Fagerland, Lydersen and Laake
 * 2013, BMC Medical Research Methodology 13:91).
 */
export const midPWorse = ({ wins, losses }: PairedCounts): number =>
  (upperTail(losses, wins + losses) + upperTail(losses + 1, wins + losses)) / 2;

/**
 * One-sided p-value of the paired test on means that the differences are above 0 on average; by the normal
 * distribution, so for twenty or more. 1 where all are the same and not above 0.
 */
export function pAboveZero(differences: readonly number[]): number {
  const count = differences.length;
  const mean = sum(differences) / Math.max(1, count);
  const squares = sum(differences.map((difference) => (difference - mean) ** 2));
  if (squares === 0) return mean > 0 ? 0 : 1;
  return normalTail(mean / Math.sqrt(squares / (count - 1) / count));
}

/** P(X >= successes) for X ~ Binomial(trials, rate), summed term by term in logarithms. */
export function atLeast(successes: number, trials: number, rate: number): number {
  if (successes <= 0 || rate >= 1) return 1;
  if (rate <= 0) return 0;
  let logTerm = trials * Math.log1p(-rate);
  let sum = 0;
  for (let k = 0; k <= trials; k += 1) {
    if (k >= successes) sum += Math.exp(logTerm);
    logTerm += Math.log(trials - k) - Math.log(k + 1) + Math.log(rate) - Math.log1p(-rate);
  }
  return Math.min(1, sum);
}

/**
 * Holm's step-down procedure (1979): which of several tests reject when the chance of even one wrong rejection is to
 * stay under alpha. By index of the p-values given.
 */
export function holmRejects(pValues: readonly number[], alpha: number): ReadonlySet<number> {
  const order = [...pValues.keys()].sort((a, b) => pValues[a]! - pValues[b]!);
  const firstKept = order.findIndex((index, rank) => pValues[index]! > alpha / (pValues.length - rank));
  return new Set(firstKept === -1 ? order : order.slice(0, firstKept));
}

/**
 * P(X >= successes) for X ~ Binomial(trials, 1/2). One pass: each term is the one before it times a ratio. Summed from
 * the middle outwards, because the first term of the long side is too small for a double from about 1,075 trials on.
 */
function upperTail(successes: number, trials: number): number {
  if (successes > trials) return 0;
  if (successes * 2 <= trials) return 1 - upperTail(trials - successes + 1, trials);
  let logTerm = -trials * Math.LN2;
  for (let i = 1; i <= successes; i += 1) logTerm += Math.log(trials - successes + i) - Math.log(i);
  let term = Math.exp(logTerm);
  let sum = 0;
  for (let k = successes; k <= trials; k += 1) {
    sum += term;
    term *= (trials - k) / (k + 1);
  }
  return Math.min(1, sum);
}
