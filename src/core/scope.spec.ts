import { describe, expect, it } from 'vitest';
import { type ScopedAnswer, scopeThresholdOf } from './scope.js';

const inside = (confidence: number, isRight = true): ScopedAnswer => ({ confidence, isRight, isInScope: true });
const outside = (confidence: number): ScopedAnswer => ({ confidence, isRight: false, isInScope: false });

describe('scopeThresholdOf', () => {
  it('refuses where that is right more often than not', () => {
    const answers = [outside(0.1), outside(0.2), inside(0.3), outside(0.4), outside(0.5), inside(0.7), inside(0.9)];
    expect(scopeThresholdOf(answers)).toEqual({
      threshold: 0.6,
      inScope: { samples: 3, refused: 1, refusedRight: 1 },
      outOfScope: { samples: 4, caught: 4 },
    });
  });

  it('counts wrong answers as no loss', () => {
    const found = scopeThresholdOf([inside(0.2, false), outside(0.3), inside(0.8)]);
    expect(found.threshold).toBeCloseTo(0.55);
    expect(found.inScope).toEqual({ samples: 2, refused: 1, refusedRight: 0 });
  });

  it('refuses nothing where it would cost as much as it brings', () => {
    const found = scopeThresholdOf([inside(0.2), outside(0.3), inside(0.8)]);
    expect(found).toMatchObject({ threshold: 0, inScope: { refused: 0 }, outOfScope: { samples: 1, caught: 0 } });
    expect(scopeThresholdOf([inside(0.2)]).threshold).toBe(0);
    expect(scopeThresholdOf([]).threshold).toBe(0);
  });

  it('treats equally sure answers alike', () => {
    const found = scopeThresholdOf([outside(0.5), inside(0.5), inside(0.5), inside(0.9)]);
    expect(found.threshold).toBe(0);
    expect(scopeThresholdOf([outside(0.5), outside(0.5), inside(0.5)]).threshold).toBe(0.75);
  });
});
