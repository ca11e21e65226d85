import { describe, expect, it } from 'vitest';
import { seededRandom } from '../platform/model-runtime/random.js';
import { layoutOf } from './projection.js';

describe('layoutOf', () => {
  it('shows the two directions in which rows differ most, largest first', () => {
    const random = seededRandom(2);
    const truth = Array.from({ length: 3_000 }, () => [
      random.normal() * 10,
      random.normal() * 3,
      random.normal() * 0.1,
    ]);
    // Turned by 45 degrees in the plane of the first two.
    const rows = truth.map(([a, b, c]) => [5 + (a! + b!) / Math.SQRT2, (a! - b!) / Math.SQRT2, c!]);
    const { x, y } = layoutOf(rows);
    const spread = (values: readonly number[]) => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length);
    expect(spread(x)).toBeCloseTo(10, 0);
    expect(spread(y)).toBeCloseTo(3, 0);
    expect(Math.abs(x[0]!)).toBeCloseTo(Math.abs(truth[0]![0]!), 0);
  });

  it('has a place for rows that are all the same, and for none', () => {
    expect(
      layoutOf([
        [1, 2],
        [1, 2],
      ]),
    ).toEqual({ x: [0, 0], y: [0, 0] });
    expect(layoutOf([])).toEqual({ x: [], y: [] });
  });
});
