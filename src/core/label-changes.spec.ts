import { describe, expect, it } from 'vitest';
import { faultOfChanges, labelToday } from './label-changes.js';

const changes = { renamed: { card: 'payment', cash: 'payment', old: 'gone' }, retired: ['gone', 'spam'] };

describe('labelToday', () => {
  it.each([
    ['card', 'payment'],
    ['cash', 'payment'],
    ['payment', 'payment'],
    ['spam', undefined],
    ['old', undefined],
    ['toString', 'toString'],
  ])('%s is %s', (label, today) => {
    expect(labelToday(changes, label)).toBe(today);
  });
});

describe('faultOfChanges', () => {
  it('finds a name that is renamed on', () => {
    expect(faultOfChanges(changes)).toBeUndefined();
    expect(faultOfChanges({ renamed: { a: 'b', b: 'c' }, retired: [] })).toBe('b is itself renamed');
  });
});
