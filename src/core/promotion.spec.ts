import { describe, expect, it } from 'vitest';
import { decidePromotion, type Comparison } from './promotion.js';

const settings = { minHoldout: 20, maxNegativeFlipRate: 0.1, alpha: 0.05 };
const score = (version: number, correct: number) => ({ version, correct, accuracy: correct / 100 });
const comparison = (over: Partial<Comparison> = {}): Comparison => ({
  samples: 100,
  challenger: score(2, 60),
  champion: score(1, 50),
  majorityCorrect: 10,
  wins: 14,
  losses: 4,
  ...over,
});

describe('decidePromotion', () => {
  it.each([
    ['a better challenger', {}, true, 'better: 60 against 50 of 100 right (14 gained, 4 lost)'],
    [
      'an equal one',
      { challenger: score(2, 50), wins: 5, losses: 5 },
      false,
      'not better: 50 against 50 of 100 right (5 gained, 5 lost)',
    ],
    [
      'a significantly worse one',
      { challenger: score(2, 40), wins: 0, losses: 10 },
      false,
      'significantly worse: 40 against 50 of 100 right (0 gained, 10 lost)',
    ],
    [
      'too many negative flips',
      { wins: 21, losses: 11 },
      false,
      'too many answers would turn wrong: 60 against 50 of 100 right (21 gained, 11 lost)',
    ],
    ['too little to judge on', { samples: 19 }, false, 'only 19 held-out samples; 20 are needed to judge'],
    ['the first model', { champion: null }, true, 'first model: 60 of 100 right, the majority answer 10'],
    [
      'a useless first model',
      { champion: null, majorityCorrect: 60 },
      false,
      'no better than the majority answer: 60 against 60 of 100',
    ],
  ] as const)('%s', (_, over, promoted, reason) => {
    expect(decidePromotion(comparison(over), settings)).toMatchObject({ promoted, reason });
  });

  it('keeps its p-values with the decision', () => {
    expect(decidePromotion(comparison({ wins: 15, losses: 1 }), settings).pBetter).toBeCloseTo(17 / 65536, 12);
  });
});
