import { describe, expect, it } from 'vitest';
import { atLeast, holmRejects, midPWorse, pAboveZero, pBetter, pWorse } from './paired-test.js';
import { seededRandom } from '../platform/model-runtime/random.js';

describe('exact paired test', () => {
  it('equals fractions computed by hand', () => {
    expect(pBetter({ wins: 15, losses: 1 })).toBeCloseTo(17 / 65536, 15); // (16 + 1) / 2^16
    expect(pWorse({ wins: 1, losses: 2 })).toBeCloseTo(4 / 8, 15); // 3 of 3 and 3 choose 2
    expect(pWorse({ wins: 0, losses: 5 })).toBeCloseTo(1 / 32, 15);
    expect(pWorse({ wins: 0, losses: 0 })).toBe(1);
  });

  it('holds at scale', () => {
    expect(pBetter({ wins: 50_000, losses: 49_000 })).toBeCloseTo(7.49e-4, 6);
    expect(pBetter({ wins: 0, losses: 99_000 })).toBeCloseTo(1, 9);
  });

  it('counts half of what was seen in the mid-p test', () => {
    expect(midPWorse({ wins: 0, losses: 5 })).toBeCloseTo(1 / 64, 15);
    expect(midPWorse({ wins: 1, losses: 2 })).toBeCloseTo((4 / 8 + 1 / 8) / 2, 15);
    expect(midPWorse({ wins: 0, losses: 0 })).toBe(0.5);
  });
});

describe('holmRejects', () => {
  it.each([
    ['the smallest below a quarter of alpha, the next not below a third', [0.01, 0.04, 0.03, 0.9], [0]],
    ['one after the other', [0.012, 0.016, 0.024, 0.049], [0, 1, 2, 3]],
    ['none after one that is kept', [0.02, 0.021, 0.9, 0.95], []],
    ['nothing of nothing', [], []],
  ])('%s', (_, pValues, rejected) => {
    expect([...holmRejects(pValues, 0.05)].sort()).toEqual(rejected);
  });
});

describe('pAboveZero', () => {
  it('is the tail of the normal distribution at the mean over its error', () => {
    // Mean 1, variance 4 / 3 of four: z = 1 / sqrt(1 / 3).
    expect(pAboveZero([0, 0, 2, 2])).toBeCloseTo(0.04163, 4);
    expect(pAboveZero([0, 0, -2, -2])).toBeCloseTo(1 - 0.04163, 4);
    expect([pAboveZero([]), pAboveZero([0, 0]), pAboveZero([1, 1])]).toEqual([1, 1, 0]);
  });

  it('rejects at its level when nothing is different, also where errors have long tails', () => {
    const random = seededRandom(5);
    const nights = 2_000;
    const rejected = Array.from({ length: nights }, () =>
      pAboveZero(Array.from({ length: 60 }, () => Math.abs(random.normal()) ** 2 - Math.abs(random.normal()) ** 2)),
    ).filter((p) => p < 0.05).length;
    expect(rejected / nights).toBeGreaterThan(0.03);
    expect(rejected / nights).toBeLessThan(0.065);
  });
});

describe('atLeast', () => {
  it('is the upper tail of a binomial', () => {
    expect(atLeast(2, 3, 0.5)).toBeCloseTo(4 / 8, 12);
    expect(atLeast(1, 2, 0.1)).toBeCloseTo(0.19, 12);
    expect(atLeast(0, 5, 0.1)).toBe(1);
    expect(atLeast(6, 5, 0.1)).toBe(0);
    expect(atLeast(1, 5, 0)).toBe(0);
    expect(atLeast(5, 5, 1)).toBe(1);
  });

  it('agrees with the one for a half, and holds at scale', () => {
    expect(atLeast(51_000, 100_000, 0.5)).toBeCloseTo(pBetter({ wins: 51_000, losses: 49_000 }), 12);
    expect(atLeast(10_500, 100_000, 0.1)).toBeLessThan(1e-6);
  });
});
