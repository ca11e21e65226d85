import { describe, expect, it } from 'vitest';
import { errorSummary, median, quantile } from './errors-of-values.js';

describe('errorSummary', () => {
  it('is what it is by hand', () => {
    // Errors 1, -1, 2, 0; the truths 1, 2, 3, 6 have the mean 3 and squares 4 + 1 + 0 + 9.
    const summary = errorSummary([
      [1, 0],
      [2, 3],
      [3, 1],
      [6, 6],
    ]);
    expect(summary).toEqual({ meanAbsolute: 1, rootMeanSquare: Math.sqrt(6 / 4), explained: 1 - 6 / 14 });
  });

  it('explains nothing of values that are all alike', () => {
    expect(errorSummary([[5, 4]])).toEqual({ meanAbsolute: 1, rootMeanSquare: 1, explained: null });
  });
});

describe('quantile', () => {
  it('lies between the two nearest values', () => {
    expect(quantile([3, 1, 2], 0.25)).toBe(1.5);
    expect([quantile([3, 1, 2], 0), quantile([3, 1, 2], 1), median([4, 1])]).toEqual([1, 3, 2.5]);
    expect(quantile([], 0.5)).toBeNaN();
  });
});
