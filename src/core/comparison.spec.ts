import { describe, expect, it } from 'vitest';
import { answersTo, comparable, compare, recentOf, sourcesOf } from './comparison.js';
import { byTolerance } from './judge.js';

const samples = ['a', 'a', 'b', 'c'].map((label, i) => ({ sampleId: `s${i}`, label }));
const said = (version: number, ...answers: string[]) => ({ version, answers, confidences: answers.map(() => 0.5) });

describe('compare', () => {
  it('counts gains, losses and the majority answer', () => {
    const report = compare(samples, said(2, 'a', 'b', 'b', 'c'), said(1, 'a', 'a', 'c', 'a'));
    expect(report).toMatchObject({ samples: 4, majorityCorrect: 2, wins: 2, losses: 1, negativeFlips: ['s1'] });
    expect(report.challenger).toMatchObject({ version: 2, correct: 3, accuracy: 0.75 });
    expect(report.champion).toMatchObject({ version: 1, correct: 2, accuracy: 0.5 });
  });

  it('has no gains or losses without a champion', () => {
    expect(compare(samples, said(1, 'a', 'a', 'b', 'c'), null)).toMatchObject({
      champion: null,
      wins: 0,
      losses: 0,
    });
  });

  it('survives an empty holdout', () => {
    expect(compare([], said(1), null)).toMatchObject({ samples: 0, majorityCorrect: 0 });
  });

  it('of values counts what is within the tolerance, says how far off answers are, and tests it', () => {
    const truths = ['0', '10', '20', '30'].map((label, i) => ({ sampleId: `s${i}`, label }));
    const judge = byTolerance(
      truths.map(({ label }) => label),
      1,
    );
    const report = compare(truths, said(2, '1', '10', '25', '30'), said(1, '4', '10', '20', '38'), judge);
    expect(report).toMatchObject({ majorityCorrect: 0, wins: 2, losses: 1, negativeFlips: ['s2'] });
    expect(report.challenger).toMatchObject({ correct: 3, accuracy: 0.75, calibrationError: null });
    // Errors 1, 0, 5, 0 and 4, 0, 0, 8; of the median 15 they are 15, 5, 5, 15.
    expect(report.errors).toMatchObject({
      challenger: { meanAbsolute: 1.5, rootMeanSquare: Math.sqrt(26 / 4) },
      champion: { meanAbsolute: 3 },
      constant: { meanAbsolute: 10 },
    });
    // Differences -3, 0, 5, -8: mean -1.5, variance 89 / 3, so z = -1.5 / sqrt(89 / 12).
    expect(report.errors!.pLarger).toBeCloseTo(0.7092, 3);
    expect(report.challenger.confusion.labels[0]).toBe('1: up to 6');
  });

  it('says how far confidences are from the truth', () => {
    const report = compare(samples, said(1, 'a', 'a', 'b', 'x'), null);
    expect(report.challenger.calibrationError).toBeCloseTo(0.25, 10);
  });

  it('counts slices with twenty samples: each label and the older half', () => {
    const dated = Array.from({ length: 50 }, (_, i) => ({
      sampleId: `s${i}`,
      label: i < 10 ? 'rare' : i < 30 ? 'a' : 'b',
      occurredAt: new Date(Date.UTC(2026, 0, 1 + i)).toISOString(),
    }));
    const right = dated.map(({ label }) => label);
    const { slices } = compare(dated, said(2, ...right), said(1, ...right.with(0, 'a').with(40, 'a')));
    expect(slices).toEqual([
      { name: 'label a', samples: 20, wins: 0, losses: 0 },
      { name: 'label b', samples: 20, wins: 1, losses: 0 },
      { name: 'older half', samples: 25, wins: 1, losses: 0 },
    ]);
  });
});

describe('answersTo', () => {
  it('picks by index', () => {
    expect(answersTo([2, 0], said(1, 'a', 'b', 'c'))).toEqual(said(1, 'c', 'a'));
  });
});

describe('sourcesOf', () => {
  it('counts whom the champion contradicts most', () => {
    const batch = [
      { label: 'a', rater: 'ann' },
      { label: 'b', rater: 'bob' },
      { label: 'c', rater: 'bob' },
      { label: 'd' },
    ];
    expect(sourcesOf(batch, ['a', 'x', 'x', 'd'])).toEqual([
      { rater: 'bob', samples: 2, contradicted: 2 },
      { rater: 'ann', samples: 1, contradicted: 0 },
      { rater: 'several', samples: 1, contradicted: 0 },
    ]);
  });
});

describe('comparable', () => {
  const many = Array.from({ length: 250 }, (_, i) => ({ sampleId: `s${i}`, label: 'a' }));

  it('leaves out what is nearly learnt, as long as 200 others are left', () => {
    expect(comparable(many, new Set(['s0', 's7', 'of another day']))).toHaveLength(248);
    expect(comparable(many, new Set(['s0']))[0]).toBe(1);
    const half = new Set(many.slice(0, 125).map(({ sampleId }) => sampleId));
    expect(comparable(many, half)).toHaveLength(250);
  });

  it('of few keeps all, or all that there are', () => {
    expect(comparable(many.slice(0, 50), new Set(['s1']))).toHaveLength(50);
    expect(comparable(many.slice(0, 50), new Set())).toHaveLength(50);
    expect(comparable([], new Set(['s1']))).toEqual([]);
  });
});

describe('recentOf', () => {
  const daily = Array.from({ length: 300 }, (_, i) => ({
    sampleId: `s${i}`,
    label: 'a',
    occurredAt: new Date(Date.UTC(2026, 0, 1 + i)).toISOString(),
  }));

  it('leaves out what is older than three half-lives, as long as 200 are left', () => {
    expect(recentOf(daily, 90)).toHaveLength(271);
    expect(recentOf(daily, 10)).toEqual(daily.slice(100));
    expect(recentOf(daily.slice(0, 50), 1)).toHaveLength(50);
  });

  it('keeps all when age does not matter or is not known', () => {
    expect(recentOf(daily, null)).toHaveLength(300);
    expect(recentOf([{ sampleId: 's', label: 'a' }], 1)).toHaveLength(1);
  });
});
