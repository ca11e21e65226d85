import { describe, expect, it } from 'vitest';
import { splitOf } from './split.js';

const groups = Array.from({ length: 20_000 }, (_, i) => `group-${i}`);

describe('splitOf', () => {
  it('holds out the share asked for', () => {
    const share = groups.filter((group) => splitOf(group, 20) === 'holdout').length / groups.length;
    expect(share).toBeGreaterThan(0.19);
    expect(share).toBeLessThan(0.21);
  });

  it('only adds groups when the percentage is raised', () => {
    for (const group of groups) if (splitOf(group, 10) === 'holdout') expect(splitOf(group, 20)).toBe('holdout');
  });
});
