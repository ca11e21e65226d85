import { describe, expect, it } from 'vitest';
import {
  forPairs,
  GREY,
  groupsOf,
  listedFingerprints,
  imageFingerprints,
  searchKeys,
  textFingerprints,
  traceFingerprints,
  twinsOf,
  vectorFingerprints,
  vectorSketch,
} from './near-duplicates.js';

const random = (seed: number) => () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;

const aPicture = (valueAt: (row: number, column: number) => number): number[] =>
  Array.from({ length: GREY.width * GREY.height }, (_, i) => valueAt(Math.floor(i / GREY.width), i % GREY.width));

describe('near duplicates', () => {
  it('are texts that differ by little, in groups, in any case and spacing', () => {
    const texts = [
      'Where is the parcel that I ordered last week?',
      'I want my money back for the broken lamp, please',
      'where is the  parcel that I ordered last week',
      'How do I change my password?',
      'Where is the parcel that I ordered last week??',
      '',
      '',
    ];
    expect(groupsOf(textFingerprints(texts))).toEqual([[0, 2, 4]]);
  });

  it('are found in ten thousand texts, and only they', () => {
    const next = random(7);
    const word = (): string => Math.floor(next() * 1e6).toString(36);
    const texts = Array.from({ length: 5_000 }, () => Array.from({ length: 12 }, word).join(' '));
    const copies = texts.map((text, i) => (i % 10 === 0 ? `${text}!` : Array.from({ length: 12 }, word).join(' ')));
    const groups = groupsOf(textFingerprints([...texts, ...copies]));
    expect(groups.every(([a, b]) => b === a! + 5_000)).toBe(true);
    expect(groups.length).toBeGreaterThanOrEqual(495);
  });

  it('are pictures whose pixels correlate, in any brightness, and not all that have the same steps', () => {
    const picture = aPicture((row, column) => 100 + 90 * Math.sin(row * 7 + column * column));
    const brighter = picture.map((value) => value * 1.2 + 5);
    const uneven = picture.map((value, i) => value + (i % 3));
    // The same steps from left to right, and another picture from above to below.
    const banded = picture.map((value, i) => value + 60 * (Math.floor(i / GREY.width / 4) % 2));
    const flat = picture.map(() => 9);
    expect(groupsOf(imageFingerprints([picture, flat, brighter, banded, uneven, flat, []]))).toEqual([[0, 2, 4]]);
  });

  it('are pictures with flat areas that compression left uneven', () => {
    const onBlack = (noise: number) =>
      aPicture((row, column) => {
        const isThing = row > 5 && row < 11 && column > 6 && column < 12;
        return isThing ? 200 - 8 * row : noise * ((row * 5 + column * 3) % 4);
      });
    expect(groupsOf(imageFingerprints([onBlack(0), onBlack(1), onBlack(2)]))).toEqual([[0, 1, 2]]);
  });

  it('are vectors that are the same but for a thousandth', () => {
    const vector = [1, 2, 3, -4];
    const near = vector.map((value) => value + 1e-3);
    expect(groupsOf(vectorFingerprints([vector, [1, 2, 3, 4], near, vector]))).toEqual([[0, 2, 3]]);
    expect(groupsOf(vectorFingerprints([vector, vector.map((value) => value + 0.05)]))).toEqual([]);
  });

  it('are told from what is kept of inputs', () => {
    const picture = aPicture((row, column) => ((row * 37 + column * 11) % 13) * 18);
    const trace = (sketch: readonly number[] | null) => ({ preview: 'image/png', sketch });
    const pictures = [picture, picture.toReversed(), picture].map(trace);
    const ofBefore = [trace([0, 0, 0, 5]), trace([0, 0, 0, 9])];
    const traces = [trace(null), ...pictures, trace(null), ...ofBefore];
    expect(groupsOf(traceFingerprints('image', traces))).toEqual([[1, 3]]);
    const next = random(5);
    const vectors = Array.from({ length: 200 }, () => Array.from({ length: 384 }, () => next() - 0.5));
    const noisy = vectors.map((vector) => vector.map((value) => value * (1 + 1e-5 * next())));
    const groups = groupsOf(
      traceFingerprints(
        'vector',
        [...vectors, ...noisy].map((v) => trace(vectorSketch(v))),
      ),
    );
    expect(groups.every(([a, b]) => b === a! + 200)).toBe(true);
    expect(groups.length).toBeGreaterThanOrEqual(198);
  });

  it('are listed by their content alone where nothing else is kept', () => {
    const item = (contentHash: string, sketch: readonly number[] | null) => ({ preview: '', contentHash, sketch });
    const vectors = [item('a', null), item('b', [1, 2]), item('c', [1, 2.0001]), item('a', null), item('d', null)];
    expect(groupsOf(listedFingerprints('vector', vectors))).toEqual([
      [0, 3],
      [1, 2],
    ]);
    // One that is labelled ties those to it that are the same as it.
    const [seen, another] = [1, 2].map((n) => aPicture((row, column) => 120 + 100 * Math.sin(n * row * column)));
    const pictures = [item('a', null), item('a', seen!), item('b', seen!), item('c', another!)];
    expect(groupsOf(listedFingerprints('image', pictures))).toEqual([[0, 1, 2]]);
    const texts = [
      { ...item('a', null), preview: 'Where is my parcel now?' },
      { ...item('b', null), preview: 'where is my parcel now' },
    ];
    expect(groupsOf(listedFingerprints('text', texts))).toEqual([[0, 1]]);
  });

  it('are never an item and itself', () => {
    const pairs: number[][] = [];
    forPairs(
      {
        keys: [
          [1, 1],
          [2, 1],
          [2, 2],
        ],
        isAlike: () => true,
      },
      (a, b) => pairs.push([a, b]),
    );
    expect(new Set(pairs.map(String))).toEqual(new Set(['0,1', '1,2']));
  });

  it('are looked for by keys that no other project has', () => {
    const keys = Array.from({ length: 1_000 }, (_, i) => i);
    const here = searchKeys('here text', keys);
    expect(new Set([...here, ...searchKeys('there text', keys)]).size).toBe(2_000);
    expect(here.every((key) => Number.isInteger(key) && Math.abs(key) <= 2 ** 31)).toBe(true);
  });

  it('keep lengths and distances in their sketches but for a third', () => {
    const next = random(11);
    const lengths = Array.from({ length: 100 }, () =>
      Math.hypot(...vectorSketch(Array.from({ length: 500 }, () => (next() < 0.5 ? 1 : -1) / Math.sqrt(500)))),
    );
    expect(lengths.reduce((a, b) => a + b) / 100).toBeCloseTo(1, 1);
    expect(Math.max(...lengths.map((length) => Math.abs(length - 1)))).toBeLessThan(0.7);
    expect(vectorSketch([1, -2, 3])).toEqual([1, -2, 3]);
  });

  it('of what is held out are looked for among what is learnt alone', () => {
    const learnt = ['the first of the sentences', 'another one about refunds'];
    const heldOut = ['Another one about refunds!', 'something else', 'something else'];
    expect(twinsOf(textFingerprints([...learnt, ...heldOut]), 2)).toEqual(new Map([[2, 1]]));
  });
});
