import { describe, expect, it } from 'vitest';
import { type LabelledProbabilities, labelMargins, type PruneMethod, wrongLabels } from './confident-learning.js';

/** Two classes; ten rows each that are right, and three of class 0 that look like class 1. */
const rows: readonly [given: number, ofZero: number][] = [
  ...Array.from({ length: 10 }, (_, i): [number, number] => [0, 0.9 - i / 100]),
  ...Array.from({ length: 10 }, (_, i): [number, number] => [1, 0.1 + i / 100]),
  [0, 0.05],
  [0, 0.1],
  [0, 0.45],
];
const data: LabelledProbabilities = {
  classes: 2,
  given: Int32Array.from(rows, ([given]) => given),
  probabilities: Float64Array.from(rows.flatMap(([, p]) => [p, 1 - p])),
};
const found = (method: PruneMethod): number[] =>
  [...wrongLabels(data, method).keys()].filter((i) => wrongLabels(data, method)[i]);

describe('confident learning', () => {
  it('takes what is confidently of another class', () => {
    // Thresholds: .7 for class 0 (mean of its 13 rows) and .855 for class 1. Row 22 is above neither.
    expect(found('confident-learning')).toEqual([20, 21]);
  });

  it('takes as many as are estimated to be wrong', () => {
    // Confident counts of class 0: 10 right, 2 of class 1; scaled to its 13 rows 10.8 and 2.2, so 11 and 2.
    expect(found('prune-by-class')).toEqual([20, 21]);
    expect(found('prune-by-noise-rate')).toEqual([20, 21]);
    expect(found('both')).toEqual([20, 21]);
  });

  it('takes whatever is predicted otherwise', () => expect(found('predicted-is-not-given')).toEqual([20, 21, 22]));

  it('ranks by the margin of the label over the likeliest other', () => {
    const margins = labelMargins(data);
    expect(margins[20]).toBeCloseTo(-0.9);
    expect(margins[0]).toBeCloseTo(0.8);
  });

  it('leaves classes of five and fewer alone', () => {
    const few = {
      classes: 2,
      given: Int32Array.of(0, 0, 0, 1, 1, 1),
      probabilities: Float64Array.of(0.9, 0.1, 0.9, 0.1, 0, 1, 0.1, 0.9, 0.1, 0.9, 0.1, 0.9),
    };
    expect([...wrongLabels(few, 'both')]).toEqual([0, 0, 0, 0, 0, 0]);
    expect([...wrongLabels(few, 'confident-learning')]).toEqual([0, 0, 1, 0, 0, 0]);
  });
});
