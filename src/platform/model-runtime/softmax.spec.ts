import { describe, expect, it } from 'vitest';
import { answersIn, softmaxInPlace } from './softmax.js';

describe('softmaxInPlace', () => {
  it('makes probabilities of scores, however large', () => {
    const scores = Float64Array.of(1000, 1000 + Math.log(3));
    expect(softmaxInPlace(scores)).toBeCloseTo(1000 + Math.log(4), 9);
    expect([...scores]).toEqual([expect.closeTo(0.25, 9), expect.closeTo(0.75, 9)]);
  });
});

describe('answersIn', () => {
  it('says the likeliest label and all probabilities by name', () => {
    const answer = answersIn(['a', 'b', 'c']);
    expect(answer(Float64Array.of(0.2, 0.5, 0.3))).toEqual({
      label: 'b',
      confidence: 0.5,
      scores: { a: 0.2, b: 0.5, c: 0.3 },
    });
  });

  it('takes the first of those that are as likely', () => {
    expect(answersIn(['a', 'b'])(Float64Array.of(0.5, 0.5)).label).toBe('a');
  });

  it('gives each answer scores of its own', () => {
    const answer = answersIn(['a', 'b']);
    const first = answer(Float64Array.of(1, 0));
    answer(Float64Array.of(0, 1));
    expect(first.scores).toEqual({ a: 1, b: 0 });
  });

  it('knows labels that are names of what objects have', () => {
    const { label, scores } = answersIn(['__proto__', 'constructor'])(Float64Array.of(0.75, 0.25));
    expect(label).toBe('__proto__');
    expect(Object.entries(scores)).toEqual([
      ['__proto__', 0.75],
      ['constructor', 0.25],
    ]);
    expect(JSON.stringify(scores)).toBe('{"__proto__":0.75,"constructor":0.25}');
  });
});
