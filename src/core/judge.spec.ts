import { describe, expect, it } from 'vitest';
import { BY_LABEL, byTolerance, judgeFor, toleranceOf } from './judge.js';

describe('BY_LABEL', () => {
  it('takes the label and nothing else', () => {
    expect(BY_LABEL.isRight('1', '1')).toBe(true);
    expect(BY_LABEL.isRight('1', '1.0')).toBe(false);
    expect(BY_LABEL.classOf('a')).toBe('a');
    expect(BY_LABEL.constantAnswer(['a', 'b', 'b'])).toBe('b');
    expect(BY_LABEL.constantAnswer([])).toBe('');
  });
});

describe('toleranceOf', () => {
  it('is what was set, or half the median distance from the median', () => {
    expect(toleranceOf([0, 10, 20, 30, 100], 3)).toBe(3);
    // The median is 20, the distances 20, 10, 0, 10, 80: their median is 10.
    expect(toleranceOf([0, 10, 20, 30, 100], null)).toBe(5);
    expect(toleranceOf([], null)).toBe(0);
  });
});

describe('byTolerance', () => {
  const labels = Array.from({ length: 11 }, (_, i) => String(i * 10));
  const judge = byTolerance(labels, 2);

  it('takes what is no further off, to either side', () => {
    expect(['8', '9.5', '12'].map((answer) => judge.isRight('10', answer))).toEqual([true, true, true]);
    expect(['7.9', '12.1', ''].map((answer) => judge.isRight('10', answer))).toEqual([false, false, false]);
  });

  it('counts in five bands with as many labels each, in order of value', () => {
    expect(labels.map(judge.classOf)).toEqual([
      ...['1: up to 20', '1: up to 20', '1: up to 20'],
      ...['2: up to 40', '2: up to 40', '3: up to 60', '3: up to 60', '4: up to 80', '4: up to 80'],
      ...['5: above 80', '5: above 80'],
    ]);
    expect(judge.classOf('-1e9')).toBe('1: up to 20');
    expect(judge.classOf('')).toBe('');
  });

  it('knows a band by its name', () => {
    expect(judge.bandOf!('1: up to 20')).toEqual({ above: -Infinity, upTo: 20 });
    expect(judge.bandOf!('3: up to 60')).toEqual({ above: 40, upTo: 60 });
    expect(judge.bandOf!('5: above 80')).toEqual({ above: 80, upTo: Infinity });
    expect(['6: above 80', '0: up to 3', '12', 'cat'].map(judge.bandOf!)).toEqual(Array(4).fill(undefined));
  });

  it('has fewer bands where values repeat', () => {
    const { classOf } = byTolerance(['0', '0', '0', '0', '0', '7'], null);
    expect(['0', '7'].map(classOf)).toEqual(['1: up to 0', '2: above 0']);
    expect(byTolerance([], null).classOf('3')).toBe('1: any');
  });

  it('knows how far off an answer is; one that is missing is as far as the median', () => {
    expect(judge.errorOf!('10', '13')).toBe(3);
    expect(judge.errorOf!('10', '')).toBe(40);
    expect(judge.constantAnswer(['1', '2', '9'])).toBe('2');
  });

  it('judges regressions alone', () => {
    expect(judgeFor('classification', labels, 2)).toBe(BY_LABEL);
    expect(judgeFor(null, labels, 2)).toBe(BY_LABEL);
    expect(judgeFor('regression', labels, 2).tolerance).toBe(2);
  });
});
