import { sum } from './tally.js';

/** How far answers are from the truth, in the units of the values. */
export interface ErrorSize {
  readonly meanAbsolute: number;
  /** Root of the mean of squares: large errors count more. */
  readonly rootMeanSquare: number;
}

export interface ErrorSummary extends ErrorSize {
  /** Share of the variance: 1 is perfect, 0 no better than the mean; null where values are all alike. */
  readonly explained: number | null;
}

/** Noughts without errors. */
export const errorSize = (errors: readonly number[]): ErrorSize => ({
  meanAbsolute: sum(errors.map(Math.abs)) / Math.max(1, errors.length),
  rootMeanSquare: Math.sqrt(sum(errors.map((error) => error ** 2)) / Math.max(1, errors.length)),
});

/** @param pairs truth and answer of each sample: at least one */
export function errorSummary(pairs: readonly (readonly [truth: number, answer: number])[]): ErrorSummary {
  const mean = sum(pairs.map(([truth]) => truth)) / pairs.length;
  const errors = pairs.map(([truth, answer]) => truth - answer);
  const squares = sum(errors.map((error) => error ** 2));
  const variance = sum(pairs.map(([truth]) => (truth - mean) ** 2));
  return {
    ...errorSize(errors),
    explained: variance === 0 ? null : 1 - squares / variance,
  };
}

/** The values below which these shares of values lie, each between the two nearest; NaN without values. Sorts a copy, once. */
export function quantiles(values: readonly number[], shares: readonly number[]): number[] {
  const sorted = [...values].sort((a, b) => a - b);
  return shares.map((share) => {
    const at = share * (sorted.length - 1);
    const [low, high] = [sorted[Math.floor(at)] ?? NaN, sorted[Math.ceil(at)] ?? NaN];
    return low + (high - low) * (at - Math.floor(at));
  });
}

export const quantile = (values: readonly number[], share: number): number => quantiles(values, [share])[0]!;

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** The edges of so many bands with as many of the values each: one fewer than there are bands. */
export function evenEdges(values: readonly number[], bands: number): number[] {
  return quantiles(
    values,
    Array.from({ length: bands - 1 }, (_, band) => (band + 1) / bands),
  );
}
