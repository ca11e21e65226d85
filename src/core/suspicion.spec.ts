import { describe, expect, it } from 'vitest';
import { type JudgedLabel, suspicionOf } from './suspicion.js';

const judged = (sampleId: string, margin: number, over: Partial<JudgedLabel> = {}): JudgedLabel => ({
  sampleId,
  label: 'cat',
  instead: 'dog',
  margin,
  isTrusted: false,
  ...over,
});
const sound = (count: number, over: Partial<JudgedLabel> = {}) =>
  Array.from({ length: count }, (_, i) => judged(`${over.label ?? 'cat'}-${over.rater ?? ''}-${i}`, 0.9, over));

describe('suspicionOf', () => {
  it('leaves out what models agree is wrong and asks about what they doubt', () => {
    const { pruned, suspects, alarms } = suspicionOf([...sound(20), judged('a', -0.8), judged('b', -0.2)], true);
    expect([...pruned]).toEqual(['a']);
    expect(suspects).toEqual([
      { sampleId: 'a', label: 'cat', instead: 'dog', margin: -0.8, isFlagged: false },
      { sampleId: 'b', label: 'cat', instead: 'dog', margin: -0.2, isFlagged: false },
    ]);
    expect(alarms).toEqual([]);
  });

  it('only asks when it may not prune', () => {
    const { pruned, suspects } = suspicionOf([...sound(20), judged('a', -0.8)], false);
    expect(pruned.size).toBe(0);
    expect(suspects).toHaveLength(1);
  });

  it('never doubts what is trusted', () => {
    const { pruned, suspects } = suspicionOf([...sound(20), judged('a', -0.8, { isTrusted: true })], true);
    expect(pruned.size).toBe(0);
    expect(suspects).toEqual([]);
  });

  it('leaves a rare class alone, but asks', () => {
    const { pruned, suspects } = suspicionOf([...sound(20), judged('a', -0.8, { label: 'new' })], true);
    expect(pruned.size).toBe(0);
    expect(suspects.map(({ sampleId }) => sampleId)).toEqual(['a']);
  });

  it('prunes at most 40 % of a class, the most doubtful first, and says that somebody should look', () => {
    const wrong = Array.from({ length: 10 }, (_, i) => judged(`w${i}`, -0.5 - i / 100));
    const { pruned, alarms } = suspicionOf([...sound(10), ...sound(100, { label: 'dog' }), ...wrong], true);
    expect([...pruned]).toEqual(['w9', 'w8', 'w7', 'w6', 'w5', 'w4', 'w3', 'w2']);
    expect(alarms).toEqual(['50 % of the labels cat look wrong']);
  });

  it('raises no alarm about one class when all look as bad: the model is weak', () => {
    const wrong = (label: string) => Array.from({ length: 10 }, (_, i) => judged(`${label}${i}`, -0.5, { label }));
    const dogs = sound(10, { label: 'dog' });
    expect(suspicionOf([...sound(10), ...dogs, ...wrong('cat'), ...wrong('dog')], true).alarms).toEqual([]);
  });

  it('prunes at most 40 % of what one person said', () => {
    const mallory = { rater: 'mallory' };
    const wrong = Array.from({ length: 10 }, (_, i) => judged(`w${i}`, -0.5 - i / 100, mallory));
    const { pruned, alarms } = suspicionOf([...sound(200), ...sound(10, mallory), ...wrong], true);
    expect(pruned.size).toBe(8);
    expect(alarms).toEqual(['50 % of the labels by mallory look wrong']);
  });
});
