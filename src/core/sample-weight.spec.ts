import { describe, expect, it } from 'vitest';
import { sampleWeights } from './sample-weight.js';

const day = (n: number): string => new Date(Date.UTC(2026, 0, n)).toISOString();

describe('sampleWeights', () => {
  it('counts a class of four half as much a sample as a class of one, 1 on average', () => {
    const weights = sampleWeights(
      ['a', 'a', 'a', 'a', 'b'].map((label) => ({ label })),
      { halfLifeDays: null },
    );
    expect(weights[4]! / weights[0]!).toBeCloseTo(2, 5);
    expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(5, 5);
  });

  it('halves with every half-life, down to a quarter', () => {
    const samples = [11, 6, 1, -9].map((n) => ({ label: 'a', occurredAt: day(n) }));
    const [newest, ...older] = sampleWeights(samples, { halfLifeDays: 5 });
    expect(older.map((weight) => Math.round((weight / newest!) * 1000) / 1000)).toEqual([0.5, 0.25, 0.25]);
  });

  it('knows no age without a half-life or a time', () => {
    const aged = [11, 1].map((n) => ({ label: 'a', occurredAt: day(n) }));
    expect([...sampleWeights(aged, { halfLifeDays: null })]).toEqual([1, 1]);
    expect([...sampleWeights([{ label: 'a' }, { label: 'a' }], { halfLifeDays: 5 })]).toEqual([1, 1]);
  });

  it('trusts one user alone a little less', () => {
    const [trusted, alone] = sampleWeights(
      [true, false].map((isTrusted) => ({ label: 'a', isTrusted })),
      { halfLifeDays: null },
    );
    expect(alone! / trusted!).toBeCloseTo(0.8, 5);
  });
});
