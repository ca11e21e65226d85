import { describe, expect, it } from 'vitest';
import { answerText, faultOfAnswer, roundedText, taskOf, valueOf, valueText } from './task.js';

describe('values in the place of labels', () => {
  it.each([0, -0, 1.5, -3e-7, 1e21, 123456789.125, Number.MAX_VALUE])('come back as they were: %d', (value) => {
    expect(valueOf(valueText(value))).toBe(value + 0);
  });

  it('are no other texts', () => {
    expect(['', ' ', 'cat', '12 km'].map(valueOf)).toEqual([NaN, NaN, NaN, NaN]);
    expect(valueText(-0)).toBe('0');
    expect([1234.567, 0.000123456, 5].map(roundedText)).toEqual(['1235', '0.0001235', '5']);
  });
});

describe('answers', () => {
  it('tell the task, and the text that is kept', () => {
    expect([taskOf({ label: 'a' }), taskOf({ value: 0 }), taskOf({})]).toEqual([
      'classification',
      'regression',
      undefined,
    ]);
    expect([answerText({ label: 'a' }), answerText({ value: 2.5 }), answerText({})]).toEqual(['a', '2.5', undefined]);
  });

  it('of the other task are wrong', () => {
    expect(faultOfAnswer('regression', { label: 'a' })).toMatchObject({ name: 'label' });
    expect(faultOfAnswer('classification', { value: 1 })).toMatchObject({ name: 'value' });
    expect(faultOfAnswer('regression', { value: 1 })).toBeUndefined();
    expect(faultOfAnswer('classification', {})).toBeUndefined();
  });
});
