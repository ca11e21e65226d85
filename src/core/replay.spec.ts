import { describe, expect, it } from 'vitest';
import type { ManifestLine } from './manifest.js';
import { replay } from './replay.js';

const line = (n: number, over: Partial<ManifestLine> = {}): ManifestLine => ({
  sampleId: `s${n}`,
  label: 'a',
  split: 'train',
  groupHash: '',
  contentHash: '',
  revision: String(n),
  ...over,
});
const many = (count: number, over: (n: number) => Partial<ManifestLine> = () => ({})) =>
  Array.from({ length: count }, (_, n) => line(n, over(n)));
const limits = { maxSamples: 1_000, halfLifeDays: null };

describe('replay', () => {
  it('takes everything while there is room, in the order given', () => {
    const lines = many(1_000);
    expect(replay(lines, 0n, limits)).toEqual(lines);
  });

  it('takes all that is new and as much of the rest as there is room for', () => {
    const chosen = replay(many(5_000), 4_599n, limits);
    expect(chosen).toHaveLength(1_000);
    expect(chosen.filter(({ revision }) => Number(revision) > 4_599)).toHaveLength(400);
  });

  it('gives a label of 100 samples nearly all its share against one of 4,900', () => {
    const chosen = replay(
      many(5_000, (n) => ({ label: n % 50 === 0 ? 'rare' : 'common' })),
      10_000n,
      limits,
    );
    const rare = chosen.filter(({ label }) => label === 'rare').length;
    // Uniformly it would be 20; by count^-.5 a rare sample is seven times as likely.
    expect(rare).toBeGreaterThan(60);
  });

  it('prefers the young', () => {
    const at = (n: number) => new Date(Date.UTC(2026, 0, 1) - (n < 2_500 ? 0 : 1_000) * 86_400_000).toISOString();
    const chosen = replay(
      many(5_000, (n) => ({ occurredAt: at(n) })),
      10_000n,
      { ...limits, halfLifeDays: 90 },
    );
    const young = chosen.filter(({ sampleId }) => Number(sampleId.slice(1)) < 2_500).length;
    expect(young).toBeGreaterThan(700);
  });

  it('draws the same samples again when little is new', () => {
    const before = new Set(replay(many(5_000), 10_000n, limits).map(({ sampleId }) => sampleId));
    const after = replay(many(5_010), 4_999n, limits);
    expect(after.filter(({ sampleId }) => before.has(sampleId)).length).toBeGreaterThan(980);
  });

  it('keeps a quarter as many to judge on, golden samples first', () => {
    const lines = many(2_000, (n) => ({ split: 'holdout', ...(n < 100 ? { goldenAt: '2026-01-01' } : {}) }));
    const chosen = replay(lines, 10_000n, limits);
    expect(chosen).toHaveLength(250);
    expect(chosen.filter(({ goldenAt }) => goldenAt !== undefined)).toHaveLength(100);
  });

  it('keeps as many to judge on where more than usual is to be learnt', () => {
    const lines = many(4_000, (n) => ({ split: n % 2 === 0 ? 'holdout' : 'train' }));
    const chosen = replay(lines, 10_000n, limits, 1_500);
    expect(chosen.filter(({ split }) => split === 'train')).toHaveLength(1_500);
    expect(chosen.filter(({ split }) => split === 'holdout')).toHaveLength(250);
  });
});
