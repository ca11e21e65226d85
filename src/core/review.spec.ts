import { describe, expect, it } from 'vitest';
import { pickReviews } from './review.js';

const candidates = {
  disputed: ['d'],
  suspects: ['s1', 's2', 's3'],
  uncertain: ['u1', 'u2', 'u3', 'u4', 'u5'],
  random: ['r1', 'u1', 'r2'],
  population: 100,
};

describe('pickReviews', () => {
  it('takes disputes, then the audit share, then suspects and the least certain, no item twice', () => {
    expect(pickReviews(candidates, 6, 0.4)).toEqual([
      { sampleId: 'd', reason: 'disputed', probability: 1 },
      { sampleId: 'r1', reason: 'audit', probability: 0.02 },
      { sampleId: 'u1', reason: 'audit', probability: 0.02 },
      { sampleId: 's1', reason: 'suspect', probability: 1 },
      { sampleId: 's2', reason: 'suspect', probability: 1 },
      { sampleId: 'u2', reason: 'uncertain', probability: 1 },
    ]);
  });

  it('fills up with suspects where nothing is uncertain', () => {
    const picks = pickReviews({ ...candidates, disputed: [], uncertain: [], random: [] }, 3, 0.2);
    expect(picks.map(({ sampleId }) => sampleId)).toEqual(['s1', 's2', 's3']);
  });

  it('gives what there is', () => {
    expect(pickReviews({ disputed: [], suspects: [], uncertain: [], random: [], population: 0 }, 5, 0.2)).toEqual([]);
  });
});
