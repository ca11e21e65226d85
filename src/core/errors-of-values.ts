import { sum } from './tally.js';

/** How far answers are from the truth, in the units of the values. */
export interface ErrorSize {
  readonly meanAbsolute: number;
  /** Root of the mean of squares: large errors count more. */
  readonly rootMeanSquare: number;
}

/** The same with the share of the variance that is explained: 1 is perfect, 0 no better than the mean; null where values are all alike. */
export interface ErrorSummary extends ErrorSize {
  readonly explained: number | null;
}

/** @param pairs truth and answer of each sample: at least one */
export function errorSummary(pairs: readonly (readonly [truth: number, answer: number])[]): ErrorSummary {
  const mean = sum(pairs.map(([truth]) => truth)) / pairs.length;
  const errors = pairs.map(([truth, answer]) => truth - answer);
  const squares = sum(errors.map((error) => error ** 2));
  const variance = sum(pairs.map(([truth]) => (truth - mean) ** 2));
  return {
    meanAbsolute: sum(errors.map(Math.abs)) / pairs.length,
    rootMeanSquare: Math.sqrt(squares / pairs.length),
    explained: variance === 0 ? null : 1 - squares / variance,
  };
}

/** The value below which this share of values lies, between the two nearest; NaN without values. Sorts a copy. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(at)] ?? NaN, sorted[Math.ceil(at)] ?? NaN];
  return low + (high - low) * (at - Math.floor(at));
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);
