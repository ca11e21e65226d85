import { describe, expect, it } from 'vitest';
import { accuracyOf, classReports, confusionOf } from './confusion.js';

describe('confusion matrix', () => {
  const matrix = confusionOf([
    ['a', 'a'],
    ['a', 'b'],
    ['b', 'b'],
    ['b', 'b'],
    ['c', 'a'],
  ]);

  it('counts actual by predicted', () => {
    expect(matrix).toEqual({
      labels: ['a', 'b', 'c'],
      cells: [
        [1, 1, 0],
        [0, 2, 0],
        [1, 0, 0],
      ],
    });
  });

  it('gives accuracy, recall and precision', () => {
    expect(accuracyOf(matrix)).toBe(3 / 5);
    expect(classReports(matrix)).toEqual([
      { label: 'a', support: 2, recall: 1 / 2, precision: 1 / 2 },
      { label: 'b', support: 2, recall: 1, precision: 2 / 3 },
      { label: 'c', support: 1, recall: 0, precision: null },
    ]);
  });

  it('has no accuracy without samples', () => expect(accuracyOf(confusionOf([]))).toBeNull());
});
