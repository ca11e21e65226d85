import { describe, expect, it } from 'vitest';
import { pBetter, pWorse } from './paired-test.js';

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
});
