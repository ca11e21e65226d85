import { describe, expect, it } from 'vitest';
import { layoutOf, layoutOfValues } from './projection.js';

describe('layoutOf', () => {
  it('puts what is clear at the rim and what is doubted between', () => {
    const { x, y } = layoutOf([
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
      [1 / 3, 1 / 3, 1 / 3],
      [0.5, 0.5, 0],
    ]);
    const radius = x.map((value, i) => Math.hypot(value, y[i]!));
    expect(radius.slice(0, 3).map((r) => Math.round(r * 100))).toEqual([100, 100, 100]);
    expect(radius[3]).toBeCloseTo(0, 2);
    expect(x[4]).toBeCloseTo((x[0]! + x[1]!) / 2, 2);
    expect(y[4]).toBeCloseTo((y[0]! + y[1]!) / 2, 2);
  });

  it('puts classes that are confused side by side', () => {
    // Classes 0 and 2 are confused, and 1 and 3; in order of their numbers they would be opposite each other.
    const rows = [
      [0.6, 0, 0.4, 0],
      [0.4, 0, 0.6, 0],
      [0, 0.6, 0, 0.4],
      [0, 0.4, 0, 0.6],
    ];
    const { x, y } = layoutOf(rows);
    expect(rows.map((_, i) => Math.hypot(x[i]!, y[i]!)).every((radius) => radius > 0.6)).toBe(true);
  });

  it('has nothing to lay out of nothing', () => expect(layoutOf([])).toEqual({ x: [], y: [] }));
});

describe('layoutOfValues', () => {
  it('draws what is right on the diagonal, and what lies beyond the scale at its edge', () => {
    const truths = Array.from({ length: 101 }, (_, i) => i);
    const answers = truths.map((truth) => (truth === 50 ? 75 : truth === 51 ? 9_999 : truth));
    const { x, y } = layoutOfValues(truths, answers);
    expect([x[1], x[50], x[99]]).toEqual([-1, 0, 1]);
    expect([y[50], y[51]]).toEqual([0.51, 1.1]);
    expect(x.filter((value, i) => value === y[i])).toHaveLength(99);
  });

  it('survives values that are all the same', () => {
    expect(layoutOfValues([3, 3], [3, 4])).toEqual({ x: [0, 0], y: [0, 0] });
  });
});
