import { describe, expect, it } from 'vitest';
import { type Pair, sequentialTest } from './sequential-test.js';

const lost: Pair = { isRight: false, wasRight: true };
const won: Pair = { isRight: true, wasRight: false };
const both: Pair = { isRight: true, wasRight: true };
const times = (count: number, pair: Pair): Pair[] => Array.from({ length: count }, () => pair);

describe('sequentialTest', () => {
  it('needs 17 losses in a row to call a model worse: ln 19 / ln 1.2 = 16.15', () => {
    expect(sequentialTest(times(16, lost)).verdict).toBe('open');
    expect(sequentialTest([both, ...times(30, lost)])).toEqual({ verdict: 'worse', samples: 18, wins: 0, losses: 17 });
  });

  it('needs 14 wins in a row to call it as good: ln 19 / ln 1.25 = 13.2', () => {
    expect(sequentialTest(times(13, won)).verdict).toBe('open');
    expect(sequentialTest(times(20, won))).toEqual({ verdict: 'as-good', samples: 14, wins: 14, losses: 0 });
  });

  it('says nothing about samples on which both agree', () => {
    expect(sequentialTest(times(1_000, both))).toEqual({ verdict: 'open', samples: 1_000, wins: 0, losses: 0 });
  });

  it('calls a model that is as good worse in at most 5 % of all cases', () => {
    let state = 1;
    const chance = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
    const called = Array.from({ length: 2_000 }, () =>
      sequentialTest(Array.from({ length: 2_000 }, () => (chance() < 0.5 ? won : lost))),
    ).filter(({ verdict }) => verdict === 'worse').length;
    expect(called / 2_000).toBeLessThan(0.06);
  });
});
