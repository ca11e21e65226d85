import { describe, expect, it } from 'vitest';
import { seededRandom } from '../platform/model-runtime/random.js';
import { chiSquaredTail, driftsOf } from './drift.js';

const counts = (of: Record<string, number>) => new Map(Object.entries(of));

describe('driftsOf', () => {
  it('ranks what has changed by how much, with the values that changed most', () => {
    const [first, second] = driftsOf([
      { what: 'channel', before: counts({ web: 500, app: 500 }), lately: counts({ web: 260, app: 240 }) },
      { what: 'label', before: counts({ a: 800, b: 200 }), lately: counts({ a: 200, b: 300 }) },
    ]);
    expect(first).toMatchObject({ what: 'label', isAlarm: true });
    expect(first!.values[0]).toEqual({ value: 'a', before: 0.8, lately: 0.4 });
    expect(first!.index).toBeCloseTo(0.4 * Math.log(2) + 0.4 * Math.log(3), 1);
    expect(second).toMatchObject({ what: 'channel', isAlarm: false });
  });

  it('does not cry over what is significant and small, nor over nothing', () => {
    const [drift] = driftsOf([
      { what: 'label', before: counts({ a: 50_000, b: 50_000 }), lately: counts({ a: 53_000, b: 47_000 }) },
    ]);
    expect(drift!.p).toBeLessThan(1e-6);
    expect(drift!.isAlarm).toBe(false);
    expect(driftsOf([{ what: 'label', before: counts({ a: 3 }), lately: counts({}) }])).toEqual([]);
  });

  it('says nothing of what has too few on one side to compare with', () => {
    const lately = counts({ a: 1_000, b: 1_000 });
    expect(driftsOf([{ what: 'label', before: counts({ a: 3, b: 6 }), lately }])).toEqual([]);
    expect(driftsOf([{ what: 'label', before: counts({ a: 6, b: 6 }), lately }])).toHaveLength(1);
  });

  it('sees a value that is new', () => {
    const [drift] = driftsOf([{ what: 'label', before: counts({ a: 900 }), lately: counts({ a: 200, b: 100 }) }]);
    expect(drift).toMatchObject({ isAlarm: true });
    expect(Number.isFinite(drift!.index)).toBe(true);
  });

  it('sees numbers move that are all different, and none where they do not', () => {
    const random = seededRandom(8);
    const normals = (n: number, mean: number) =>
      counts(Object.fromEntries(Array.from({ length: n }, () => [String(mean + random.normal()), 1])));
    const [still] = driftsOf([{ what: 'value', before: normals(2_000, 0), lately: normals(500, 0) }]);
    expect(still).toMatchObject({ isAlarm: false });
    const [moved] = driftsOf([{ what: 'value', before: normals(2_000, 0), lately: normals(500, 0.7) }]);
    expect(moved).toMatchObject({ isAlarm: true });
    expect(moved!.values[0]!.value).toMatch(/^above 1\.\d+$/);
  });

  it('has the tails of the chi-squared distribution', () => {
    expect(chiSquaredTail(3.841, 1)).toBeCloseTo(0.05, 2);
    expect(chiSquaredTail(18.307, 10)).toBeCloseTo(0.05, 3);
    expect(chiSquaredTail(63.691, 40)).toBeCloseTo(0.01, 3);
  });

  it('raises a false alarm in at most one of a hundred quiet weeks', () => {
    const random = seededRandom(3);
    const draw = (n: number, values: number): Map<string, number> => {
      const drawn = new Map<string, number>();
      for (let i = 0; i < n; i += 1) {
        const value = String(Math.floor(random.next() ** 2 * values));
        drawn.set(value, (drawn.get(value) ?? 0) + 1);
      }
      return drawn;
    };
    const weeks = 400;
    const alarms = Array.from({ length: weeks }, () =>
      driftsOf(
        [2, 10, 77].map((values) => ({ what: String(values), before: draw(900, values), lately: draw(300, values) })),
      ),
    ).filter((drifts) => drifts.some(({ isAlarm }) => isAlarm)).length;
    expect(alarms / weeks).toBeLessThanOrEqual(0.01);
  });
});
