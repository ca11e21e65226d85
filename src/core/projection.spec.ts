import { describe, expect, it } from 'vitest';
import { layoutOf, layoutOfValues } from './projection.js';

describe('layoutOf', () => {
  const distance = ({ x, y }: ReturnType<typeof layoutOf>, a: number, b: number): number =>
    Math.hypot(x[a]! - x[b]!, y[a]! - y[b]!);

  it('puts what is clear at the place of its class and what is doubted between', () => {
    const sure = [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ];
    // Enough of them that no island is large, and the doubted ones, less sure, at its edge.
    const rows = [...sure, ...Array.from({ length: 3_000 }, (_, i) => sure[i % 3]!), [0.5, 0.5, 0], [0.6, 0, 0.4]];
    const layout = layoutOf(rows);
    const [doubted, other] = [rows.length - 2, rows.length - 1];
    const [ab, ac, bc] = [distance(layout, 0, 1), distance(layout, 0, 2), distance(layout, 1, 2)];
    expect(Math.min(ab, ac, bc)).toBeGreaterThan(0.9);
    expect(Math.max(ab, ac, bc) / Math.min(ab, ac, bc)).toBeLessThan(1.1);
    const islandRadius = Math.sqrt(0.25 / 3);
    expect(Math.abs(distance(layout, doubted, 0) - ab / 2)).toBeLessThan(islandRadius + 0.01);
    expect(distance(layout, doubted, 0)).toBeLessThan(distance(layout, doubted, 2));
    expect(distance(layout, other, 2)).toBeLessThan(distance(layout, other, 1));
  });

  it('lays all that is equally sure side by side, the surest in the middle', () => {
    const rows = Array.from({ length: 400 }, (_, i) => (i % 2 === 0 ? [0.99, 0.01] : [0.01, 0.99]));
    rows[0] = [1, 0];
    const layout = layoutOf(rows);
    expect(new Set(rows.map((_, i) => `${layout.x[i]} ${layout.y[i]}`)).size).toBeGreaterThan(395);
    const others = rows.map((_, i) => i).filter((i) => i % 2 === 0 && i > 0);
    const middle = others.reduce((sum, i) => sum + layout.x[i]!, 0) / others.length;
    expect(Math.abs(layout.x[0]! - middle)).toBeLessThan(0.1);
  });

  it('lays what might also be of another class on that side of its island', () => {
    // As sure as each other of the first class; half of them might be of the second, half of the third.
    const rows = Array.from({ length: 600 }, (_, i) =>
      i % 3 === 0 ? [0.9, i % 2 ? 0.08 : 0.02, i % 2 ? 0.02 : 0.08] : i % 3 === 1 ? [0, 1, 0] : [0, 0, 1],
    );
    const layout = layoutOf(rows);
    const first = [...rows.keys()].filter((i) => i % 3 === 0);
    const nearer = first.filter((i) => {
      const [toSecond, toThird] = [distance(layout, i, 1), distance(layout, i, 2)];
      return i % 2 ? toSecond < toThird : toThird < toSecond;
    });
    expect(nearer.length / first.length).toBeGreaterThan(0.95);
  });

  it('puts classes that are confused side by side, within the circle', () => {
    // Class c is confused with c + 20: in order of their numbers they would be far apart.
    const classes = 40;
    const rows = Array.from({ length: 2_000 }, (_, i) => {
      const row = new Float64Array(classes).fill(0.1 / classes);
      row[i % classes]! += 0.6;
      row[(i + 20) % classes]! += 0.3;
      return row;
    });
    const layout = layoutOf(rows);
    const close = Array.from({ length: 20 }, (_, c) => distance(layout, c, c + 20));
    const far = Array.from({ length: 20 }, (_, c) => distance(layout, c, (c + 7) % 20));
    const mean = (values: readonly number[]) => values.reduce((a, b) => a + b) / values.length;
    expect(mean(close)).toBeLessThan(mean(far) / 3);
    expect(Math.max(...layout.x.map((x, i) => Math.hypot(x, layout.y[i]!)))).toBeLessThanOrEqual(1.05);
  });

  it('lays out one class', () => expect(layoutOf([[1], [1]]).x).toHaveLength(2));

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
