import { describe, expect, it } from 'vitest';
import { decidePromotion, type Comparison, movesAnchor } from './promotion.js';
import { DEFAULT_SETTINGS } from './settings.js';

const settings = DEFAULT_SETTINGS.promotion;
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
      'one that answers alike',
      { challenger: score(2, 50), wins: 0, losses: 0 },
      false,
      'not better: 50 against 50 of 100 right (0 gained, 0 lost)',
    ],
    [
      'one that is right as often on other samples',
      { challenger: score(2, 50), wins: 5, losses: 5 },
      true,
      'as good, and has learnt from more: 50 against 50 of 100 right (5 gained, 5 lost)',
    ],
    [
      'one that is right less often',
      { challenger: score(2, 49), wins: 5, losses: 6 },
      false,
      'not better: 49 against 50 of 100 right (5 gained, 6 lost)',
    ],
    [
      'a significantly worse one',
      { challenger: score(2, 40), wins: 0, losses: 10 },
      false,
      'significantly worse: 40 against 50 of 100 right (0 gained, 10 lost)',
    ],
    [
      'too many negative flips',
      { wins: 26, losses: 16 },
      false,
      'too many answers would turn wrong: 60 against 50 of 100 right (26 gained, 16 lost)',
    ],
    [
      'more negative flips than the limit, by chance',
      { wins: 21, losses: 11 },
      true,
      'better: 60 against 50 of 100 right (21 gained, 11 lost)',
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

  it('is blocked by one slice that is significantly worse, and that is harm', () => {
    const slices = [
      { name: 'label a', samples: 40, wins: 0, losses: 9 },
      { name: 'label b', samples: 40, wins: 14, losses: 0 },
    ];
    expect(decidePromotion(comparison({ wins: 19, losses: 9, slices }), settings)).toMatchObject({
      promoted: false,
      isHarmful: true,
      reason: 'significantly worse for label a: 60 against 50 of 100 right (19 gained, 9 lost)',
    });
  });

  it('is harm on the holdout only when it is very clear', () => {
    const worse = (losses: number) => ({ challenger: score(2, 50 - losses), wins: 0, losses });
    expect(decidePromotion(comparison(worse(5)), settings)).toMatchObject({ promoted: false, isHarmful: false });
    expect(decidePromotion(comparison(worse(8)), settings)).toMatchObject({ promoted: false, isHarmful: true });
  });

  it('may lose a little on the older half', () => {
    const older = (losses: number) => [{ name: 'older half', samples: 200, wins: 0, losses }];
    const better = { samples: 400, wins: 40, losses: 10 };
    expect(decidePromotion(comparison({ ...better, slices: older(10) }), settings).promoted).toBe(true);
    expect(decidePromotion(comparison({ ...better, slices: older(11) }), settings)).toMatchObject({ isHarmful: true });
  });

  describe('with golden samples', () => {
    const golden = { ...comparison({ samples: 200, wins: 6, losses: 6 }), challenger: score(2, 50) };

    it('promotes what is not worse on them, whatever corrections say', () => {
      const over = { challenger: score(2, 40), wins: 0, losses: 10, golden };
      expect(decidePromotion(comparison(over), settings)).toMatchObject({ promoted: true, basis: 'golden' });
    });

    it('blocks what is significantly worse on them', () => {
      const worse = { ...golden, wins: 2, losses: 12 };
      expect(decidePromotion(comparison({ golden: worse }), settings)).toMatchObject({
        promoted: false,
        isHarmful: true,
        basis: 'golden',
      });
    });

    it('blocks what is significantly worse than the anchor', () => {
      const decision = decidePromotion(comparison({ golden, anchor: { version: 1, wins: 4, losses: 16 } }), settings);
      expect(decision).toMatchObject({ promoted: false, isHarmful: true });
      expect(decision.reason).toMatch(/^significantly worse than version 1 was/);
    });

    it('moves the anchor to what is significantly better than it', () => {
      const decision = decidePromotion(comparison({ golden }), settings);
      expect(movesAnchor(decision, { version: 1, wins: 16, losses: 4 }, 0.05)).toBe(true);
      expect(movesAnchor(decision, { version: 1, wins: 6, losses: 4 }, 0.05)).toBe(false);
      expect(movesAnchor({ ...decision, promoted: false }, { version: 1, wins: 16, losses: 4 }, 0.05)).toBe(false);
      expect(movesAnchor(decision, null, 0.05)).toBe(false);
    });

    it('blocks confidences that are further from the truth', () => {
      const boastful = { ...golden, challenger: { ...golden.challenger, calibrationError: 0.2 } };
      expect(decidePromotion(comparison({ golden: boastful }), settings).reason).toMatch(/^confidences would be 0.200/);
    });

    it('falls back on the holdout, or on a person, while there are too few', () => {
      const few = { ...golden, samples: 149 };
      expect(decidePromotion(comparison({ golden: few }), settings)).toMatchObject({
        promoted: true,
        basis: 'holdout',
      });
      const reason =
        'a person decides until there are 150 golden samples: 60 against 50 of 100 right (14 gained, 4 lost)';
      const byPerson = { ...settings, withoutGolden: 'person' as const };
      expect(decidePromotion(comparison({ golden: few }), byPerson)).toMatchObject({ promoted: false, reason });
    });
  });

  describe('of values', () => {
    const size = (meanAbsolute: number) => ({ meanAbsolute, rootMeanSquare: meanAbsolute });
    const errors = { challenger: size(3), champion: size(4), constant: size(9.12345), pLarger: 0.9 };

    it('names the errors beside the counts', () => {
      expect(decidePromotion(comparison({ errors }), settings)).toMatchObject({
        promoted: true,
        reason: 'better: 60 against 50 of 100 right (14 gained, 4 lost), 3 against 4 off on average',
      });
    });

    it('blocks what is right more often and significantly further off', () => {
      const further = { ...errors, challenger: size(30), pLarger: 0.001 };
      expect(decidePromotion(comparison({ errors: further }), settings)).toMatchObject({
        promoted: false,
        reason:
          'significantly further off: 60 against 50 of 100 right (14 gained, 4 lost), 30 against 4 off on average',
      });
    });

    it('promotes a first model that is closer than the best constant answer', () => {
      const first = { ...errors, champion: null, pLarger: null };
      expect(decidePromotion(comparison({ champion: null, errors: first }), settings)).toMatchObject({
        promoted: true,
        reason: 'first model: 3 off on average, the best constant answer 9.123',
      });
      const useless = { ...first, challenger: size(9.2) };
      expect(decidePromotion(comparison({ champion: null, errors: useless }), settings)).toMatchObject({
        promoted: false,
        reason: 'no better than the best constant answer: 9.2 off on average against 9.123',
      });
    });
  });

  it.each([
    [{ bytes: 6e8, millisecondsAnAnswer: 1 }, 'the model has 600.0 MB, 500 are allowed'],
    [{ bytes: 1, millisecondsAnAnswer: 150 }, 'an answer takes 150.0 ms, 100 are allowed'],
  ])('is blocked by size and speed', (footprint, reason) => {
    expect(decidePromotion(comparison({ footprint }), settings)).toMatchObject({ promoted: false, reason });
  });
});
