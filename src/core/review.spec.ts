import { describe, expect, it } from 'vitest';
import { pickReviews } from './review.js';

const candidates = {
  waiting: [],
  unanswered: [],
  disputed: ['d'],
  suspects: ['s1', 's2', 's3'],
  rare: [],
  uncertain: ['u1', 'u2', 'u3', 'u4', 'u5'],
  random: ['r1', 'u1', 'r2'],
  population: 100,
};

describe('pickReviews', () => {
  it('takes disputes, then the audit share, then suspects and the least certain, no item twice', () => {
    expect(pickReviews(candidates, 6, 0.4, { random: () => 0.5 })).toEqual([
      { sampleId: 'd', reason: 'disputed', probability: 1, isBlind: false },
      { sampleId: 'r1', reason: 'audit', probability: 0.02, isBlind: true },
      { sampleId: 'u1', reason: 'audit', probability: 0.02, isBlind: true },
      { sampleId: 's1', reason: 'suspect', probability: 1, isBlind: false },
      { sampleId: 's2', reason: 'suspect', probability: 1, isBlind: false },
      { sampleId: 'u2', reason: 'uncertain', probability: 1, isBlind: false },
    ]);
  });

  it('fills up with suspects where nothing is uncertain', () => {
    const picks = pickReviews({ ...candidates, disputed: [], uncertain: [], random: [] }, 3, 0.2);
    expect(picks.map(({ sampleId }) => sampleId)).toEqual(['s1', 's2', 's3']);
  });

  it('gives a fifth of what is left to labels that are new or rare', () => {
    const picks = pickReviews({ ...candidates, disputed: [], rare: ['n1', 'n2', 'n3'], random: [] }, 5, 0);
    expect(picks.map(({ sampleId }) => sampleId)).toEqual(['n1', 's1', 's2', 'u1', 'u2']);
    expect(picks[0]!.reason).toBe('rare');
  });

  it('asks about what is nearly the same only when nothing else is left', () => {
    const isLikeAny = (id: string, others: Iterable<string>) => [...others].some((other) => other[0] === id[0]);
    const all = { ...candidates, disputed: [], random: [] };
    const picks = (n: number) => pickReviews(all, n, 0, { isLikeAny }).map(({ sampleId }) => sampleId);
    expect(picks(2)).toEqual(['s1', 'u1']);
    expect(picks(4)).toEqual(['s1', 'u1', 's2', 's3']);
  });

  it('hides the answer of one in five that are no audits', () => {
    const draws = [0.1, 0.3];
    const picks = pickReviews({ ...candidates, disputed: [], random: [] }, 2, 0, { random: () => draws.shift()! });
    expect(picks.map(({ isBlind }) => isBlind)).toEqual([true, false]);
  });

  it('takes what somebody waits for before all else, and what nothing has answered beside the other doubts', () => {
    const all = { ...candidates, waiting: ['w1', 'w2'], unanswered: ['w1', 'a1', 'a2', 'a3'], random: [] };
    const picks = pickReviews(all, 7, 0, { random: () => 0 });
    expect(picks.map(({ sampleId }) => sampleId)).toEqual(['w1', 'w2', 'd', 'a1', 'a2', 's1', 'u1']);
    expect(picks.map(({ reason }) => reason)).toEqual([
      ...['waiting', 'waiting', 'disputed', 'unanswered', 'unanswered', 'suspect', 'uncertain'],
    ]);
    // There is no answer to hide.
    expect(picks.map(({ isBlind }) => isBlind)).toEqual([false, false, true, false, false, true, true]);
  });

  it('fills up with what nothing has answered', () => {
    const none = { ...candidates, disputed: [], suspects: [], uncertain: [], random: [], population: 0 };
    const picks = pickReviews({ ...none, unanswered: ['a1', 'a2', 'a3'] }, 3, 0.2);
    expect(picks.map(({ sampleId }) => sampleId)).toEqual(['a1', 'a2', 'a3']);
  });

  it('gives what there is', () => {
    expect(
      pickReviews({ ...candidates, disputed: [], suspects: [], uncertain: [], random: [], population: 0 }, 5, 0.2),
    ).toEqual([]);
  });
});
