import { describe, expect, it } from 'vitest';
import { compare } from './comparison.js';

const samples = ['a', 'a', 'b', 'c'].map((label, i) => ({ sampleId: `s${i}`, label }));

describe('compare', () => {
  it('counts gains, losses and the majority answer', () => {
    const report = compare(
      samples,
      { version: 2, answers: ['a', 'b', 'b', 'c'] },
      { version: 1, answers: ['a', 'a', 'c', 'a'] },
    );
    expect(report).toMatchObject({ samples: 4, majorityCorrect: 2, wins: 2, losses: 1, negativeFlips: ['s1'] });
    expect(report.challenger).toMatchObject({ version: 2, correct: 3, accuracy: 0.75 });
    expect(report.champion).toMatchObject({ version: 1, correct: 2, accuracy: 0.5 });
  });

  it('has no gains or losses without a champion', () => {
    expect(compare(samples, { version: 1, answers: ['a', 'a', 'b', 'c'] }, null)).toMatchObject({
      champion: null,
      wins: 0,
      losses: 0,
    });
  });

  it('survives an empty holdout', () => {
    expect(compare([], { version: 1, answers: [] }, null)).toMatchObject({ samples: 0, majorityCorrect: 0 });
  });
});
