import { describe, expect, it } from 'vitest';
import { countBy, groupBy, largestOf, sum } from './tally.js';

describe('tally', () => {
  it('sums', () => {
    expect(sum([1, 2, 3.5])).toBe(6.5);
    expect(sum(new Set([4]))).toBe(4);
    expect(sum([])).toBe(0);
  });

  it('counts in the order in which values come first, whatever they are called', () => {
    expect([...countBy(['b', '__proto__', 'b', 'constructor'])]).toEqual([
      ['b', 2],
      ['__proto__', 1],
      ['constructor', 1],
    ]);
  });

  it('groups in the order given', () => {
    expect([...groupBy([3, 1, 4, 1, 5], (n) => n % 2)]).toEqual([
      [1, [3, 1, 1, 5]],
      [0, [4]],
    ]);
  });

  it('finds the largest, of equals the first, and all where fewer are there', () => {
    expect(largestOf([0.1, 0.4, 0.1, 0.4, 0.2], 3)).toEqual([1, 3, 4]);
    expect(largestOf([1, 1, 1], 2)).toEqual([0, 1]);
    expect(largestOf(Float32Array.of(1, 2), 8)).toEqual([1, 0]);
    expect(largestOf([1, 2], 0)).toEqual([]);
  });
});
