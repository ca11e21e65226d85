import { describe, expect, it } from 'vitest';
import { FEATURE_SPACE, FIRST_PIECE, hashUnits, normaliseText, textFeatures } from './text-features.js';

const word = (text: string): number => hashUnits(text) % FIRST_PIECE;
const piece = (text: string): number => FIRST_PIECE + (hashUnits(text) % FIRST_PIECE);

/** Buckets and counts as [bucket, count], for tables written by hand. */
const bag = (text: string): [number, number][] => {
  const { ids, counts } = textFeatures(text);
  return [...ids].map((id, i) => [id, counts[i]!]);
};
const counted = (ids: readonly number[]): [number, number][] => {
  const counts = new Map<number, number>();
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
  return [...counts].sort(([a], [b]) => a - b);
};

describe('normaliseText', () => {
  it.each([
    ['case', 'My CARD', 'my card'],
    ['white space', '  my \n\t card ', 'my card'],
    ['full-width letters and ligatures', 'Ｃａｒｄ ﬁne', 'card fine'],
    ['composed and decomposed accents', 'cafe\u0301', 'caf\u00e9'],
  ])('makes no difference of %s', (_, text, normal) => expect(normaliseText(text)).toBe(normal));
});

describe('hashUnits', () => {
  it('is the finaliser of MurmurHash3 over FNV-1a', () => {
    // FNV-1a of nothing is its offset basis 0x811c9dc5, of "a" 0xe40c292c; fmix32 of both by an independent program.
    expect(hashUnits('')).toBe(fmix32(0x811c9dc5n));
    expect(hashUnits('a')).toBe(fmix32(0xe40c292cn));
  });

  it('gives another answer with another seed', () => {
    expect(hashUnits('card', 1)).not.toBe(hashUnits('card', 2));
  });
});

describe('textFeatures', () => {
  it('holds words, pairs of words and pieces of words with the space around them', () => {
    const pieces = [' i', ' i ', 'i ', ' a', ' am', ' am ', 'am', 'am ', 'm '];
    expect(bag('I am')).toEqual(counted([word('i'), word('am'), word('i am'), ...pieces.map(piece)]));
  });

  it('counts what occurs more than once', () => {
    expect(bag('no no')).toContainEqual([word('no'), 2]);
    expect(bag('no no')).toContainEqual([piece(' no '), 2]);
  });

  it('has pieces of at most five units', () => {
    const found = new Set(textFeatures('abcdef').ids);
    expect(found.has(piece('abcde'))).toBe(true);
    expect(found.has(piece('abcdef'))).toBe(false);
  });

  it('leaves punctuation out of words, not out of pieces', () => {
    expect(bag('card?')).toContainEqual([word('card'), 1]);
    expect(bag('card?')).toContainEqual([piece('d? '), 1]);
  });

  it.each(['', '   ', '\n'])('is empty for %j', (text) => expect(textFeatures(text).ids).toHaveLength(0));

  it('is in ascending order, each bucket once, inside the space', () => {
    const { ids } = textFeatures('What can I do if my card still has not arrived after 2 weeks?');
    expect([...ids]).toEqual([...new Set(ids)].sort((a, b) => a - b));
    expect(ids.every((id) => id >= 0 && id < FEATURE_SPACE)).toBe(true);
  });

  it('takes bounded time for an endless text', () => {
    const started = performance.now();
    textFeatures('a b '.repeat(1_000_000));
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});

/** MurmurHash3's fmix32 in exact integers. */
function fmix32(start: bigint): number {
  const low = (value: bigint): bigint => BigInt.asUintN(32, value);
  let hash = start;
  hash = low((hash ^ (hash >> 16n)) * 0x85ebca6bn);
  hash = low((hash ^ (hash >> 13n)) * 0xc2b2ae35n);
  return Number(low(hash ^ (hash >> 16n)));
}
