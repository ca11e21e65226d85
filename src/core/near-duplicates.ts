import type { InputKind } from './input.js';
import { groupBy, sum } from './tally.js';
import { hashUnits, normaliseText } from './text-features.js';

/**
 * What makes items comparable: a few keys, of which alike items share at least one, and whether two that share a key
 * are alike indeed.
 */
export interface Fingerprints {
  /** Keys of each item; none for an item that is like no other. */
  readonly keys: readonly (readonly number[])[];
  isAlike(a: number, b: number): boolean;
}

const SHINGLE = 4;
const BANDS = 8;
const ROWS = 4;
/** Texts that share so much of their pieces (Jaccard) are near duplicates. */
const ALIKE = 0.8;
/** The grey pixels, 0 to 255 and row by row, by which pictures are told apart. */
export const GREY = { width: 18, height: 16 } as const;
/** Correlation of their grey pixels from which on two pictures are the same for all that matters. */
const SAME_PICTURE = 0.99;
/** Of 255. A smaller step is none: compression leaves flat areas uneven. */
const STEP = 8;
/** Distance of two vectors beside their length up to which they are the same for all that matters. */
const NEAR = 1e-3;
/** Of a key that very many items have only neighbours are compared: the cost stays linear, and long chains still join. */
const NEIGHBOURS = 20;

/**
 * Texts by MinHash (Broder 1997) of pieces of four characters: 8 bands of 4 hashes find pairs with a Jaccard likeness
 * of .8 with a chance of .985, and likeness itself is measured, so nothing else is found.
 */
export function textFingerprints(texts: readonly string[]): Fingerprints {
  const shingles = texts.map(shinglesOf);
  return {
    keys: shingles.map((own) => (own.length === 0 ? [] : bandsOf(own))),
    isAlike: textLikeness(texts, shingles),
  };
}

/**
 * Whether two texts are near duplicates, by index: without keys, which only a search needs.
 * @param shingles of the texts, as far as they are known; others are worked out when they are compared
 */
export function textLikeness(texts: readonly string[], shingles: Uint32Array[] = []): Fingerprints['isAlike'] {
  const shinglesAt = (i: number): Uint32Array => (shingles[i] ??= shinglesOf(texts[i]!));
  return (a, b) => jaccard(shinglesAt(a), shinglesAt(b)) >= ALIKE;
}

/**
 * Pictures by their grey pixels ({@link GREY}): those that share 16 steps of 64 in a row (difference hash) are compared,
 * and are alike when their pixels correlate. Size, compression and brightness make little difference. Without pixels a
 * picture is like no other.
 */
export function imageFingerprints(greys: readonly ArrayLike<number>[]): Fingerprints {
  const hashes = greys.map((grey) => (isWhole(grey) ? differenceHash(grey) : []));
  return {
    keys: hashes.map((hash) => Array.from(hash, (word, i) => i * 2 ** 16 + word)),
    isAlike: imageLikeness(greys),
  };
}

/** Pictures that got their place before 2026-11-26 have four words in place of their pixels. */
const isWhole = (grey: ArrayLike<number>): boolean => grey.length === GREY.width * GREY.height;

function imageLikeness(greys: readonly ArrayLike<number>[]): Fingerprints['isAlike'] {
  const standardised: Float64Array[] = [];
  const pixelsAt = (i: number): Float64Array => (standardised[i] ??= standardise(isWhole(greys[i]!) ? greys[i]! : []));
  return (a, b) => correlation(pixelsAt(a), pixelsAt(b)) >= SAME_PICTURE;
}

/** Vectors by their numbers rounded to about a hundredth of their length, and by that shifted by half a step. */
export function vectorFingerprints(vectors: readonly ArrayLike<number>[]): Fingerprints {
  return {
    keys: vectors.map((vector) => [0, 0.5].map((shift) => roundedKey(vector, shift))),
    isAlike: vectorLikeness(vectors),
  };
}

const vectorLikeness =
  (vectors: readonly ArrayLike<number>[]): Fingerprints['isAlike'] =>
  (a, b) =>
    distance(vectors[a]!, vectors[b]!) <= NEAR * (lengthOf(vectors[a]!) + Number.MIN_VALUE);

/** What is kept of an input, so that it can be told of later ones whether they are nearly the same. */
export interface Trace {
  /** The beginning of a text. */
  readonly preview: string;
  /** Of a picture its grey pixels, of a vector {@link vectorSketch}; null for what is like no other. */
  readonly sketch: readonly number[] | null;
}

/** Fingerprints of inputs of one kind by their traces. */
export function traceFingerprints(kind: InputKind, traces: readonly Trace[]): Fingerprints {
  if (kind === 'text') return textFingerprints(traces.map(({ preview }) => preview));
  return kind === 'image' ? imageFingerprints(sketchesOf(traces)) : vectorFingerprints(sketchesOf(traces));
}

/** The same for inputs whose keys are known. */
export function traceLikeness(kind: InputKind, traces: readonly Trace[]): Fingerprints['isAlike'] {
  if (kind === 'text') return textLikeness(traces.map(({ preview }) => preview));
  return kind === 'image' ? imageLikeness(sketchesOf(traces)) : vectorLikeness(sketchesOf(traces));
}

const sketchesOf = (traces: readonly Trace[]): (readonly number[])[] => traces.map(({ sketch }) => sketch ?? []);

/**
 * Inputs of one kind by their traces and, where there is none (what nobody has labelled yet), by their content alone.
 */
export function listedFingerprints(kind: InputKind, items: readonly (Trace & { contentHash: string })[]): Fingerprints {
  if (kind === 'text') return traceFingerprints(kind, items);
  const { keys, isAlike } = traceFingerprints(kind, items);
  const hasTrace = (i: number): boolean => items[i]!.sketch !== null;
  return {
    keys: items.map(({ contentHash }, i) => [...(hasTrace(i) ? keys[i]! : []), hashUnits(contentHash)]),
    isAlike: (a, b) => items[a]!.contentHash === items[b]!.contentHash || (hasTrace(a) && hasTrace(b) && isAlike(a, b)),
  };
}

/** Keys as signed 32-bit numbers that other kinds and projects do not share, but by chance. */
export function searchKeys(scope: string, keys: readonly number[]): number[] {
  const salt = hashUnits(scope);
  return keys.map((key) => mixed(key ^ salt, 0x9e3779b1) | 0);
}

/** Indexes of items that are alike, directly or by way of others; groups of one are left out. In order of their first. */
export function groupsOf(fingerprints: Fingerprints): number[][] {
  const root = fingerprints.keys.map((_, i) => i);
  const find = (i: number): number => {
    while (root[i] !== i) i = root[i] = root[root[i]!]!;
    return i;
  };
  forPairs(fingerprints, (a, b) => {
    const [one, other] = [find(a), find(b)];
    if (one !== other && fingerprints.isAlike(a, b)) root[Math.max(one, other)] = Math.min(one, other);
  });
  return [...groupBy(root.keys(), find).values()].filter(({ length }) => length > 1);
}

/** For each item from `from` on, the first before it that it is like, if any: what is held out beside what is learnt. */
export function twinsOf(fingerprints: Fingerprints, from: number): Map<number, number> {
  const holders = new Map<number, number[]>();
  const twins = new Map<number, number>();
  fingerprints.keys.forEach((keys, i) => {
    for (const key of keys) {
      const held = holders.get(key);
      if (i < from) {
        if (held) held.push(i);
        else holders.set(key, [i]);
      } else if (!twins.has(i)) {
        const twin = held?.slice(0, NEIGHBOURS).find((other) => fingerprints.isAlike(other, i));
        if (twin !== undefined) twins.set(i, twin);
      }
    }
  });
  return twins;
}

/** Looks at pairs that share a key, a before b; a pair that shares several is looked at as often. */
export function forPairs({ keys }: Fingerprints, look: (a: number, b: number) => void): void {
  const holders = new Map<number, number[]>();
  keys.forEach((own, i) => {
    for (const key of own) {
      const held = holders.get(key) ?? [];
      // An item may have a key twice.
      for (const other of held.slice(-NEIGHBOURS)) if (other !== i) look(other, i);
      held.push(i);
      holders.set(key, held);
    }
  });
}

/** Hashes of each four characters in a row, ascending, each once. */
function shinglesOf(text: string): Uint32Array {
  const normal = ` ${normaliseText(text)} `;
  const hashes = new Uint32Array(Math.max(0, normal.length - SHINGLE + 1));
  for (let at = 0; at < hashes.length; at += 1) {
    let hash = 0;
    for (let i = at; i < at + SHINGLE; i += 1) hash = Math.imul(hash, 0x01000193) + normal.charCodeAt(i);
    hashes[at] = mixed(hash, 0x85ebca6b);
  }
  hashes.sort();
  let used = 0;
  for (let i = 0; i < hashes.length; i += 1) if (i === 0 || hashes[i] !== hashes[i - 1]) hashes[used++] = hashes[i]!;
  return hashes.slice(0, used);
}

/** Each band's key: its number and the smallest hashes of its rows. */
function bandsOf(shingles: Uint32Array): number[] {
  return Array.from({ length: BANDS }, (_, band) => {
    let key = band + 1;
    for (let row = 0; row < ROWS; row += 1) {
      const multiplier = OddMultipliers[band * ROWS + row]!;
      let least = 2 ** 32;
      for (let i = 0; i < shingles.length; i += 1) least = Math.min(least, mixed(shingles[i]!, multiplier));
      key = mixed(key ^ least, 0x9e3779b1);
    }
    return key;
  });
}

/** A random order of 32-bit numbers for every odd multiplier. */
function mixed(value: number, multiplier: number): number {
  const once = Math.imul(value ^ (value >>> 15), multiplier);
  return (once ^ (once >>> 13)) >>> 0;
}
const OddMultipliers = Array.from({ length: BANDS * ROWS }, (_, i) => hashUnits(`order ${i}`) | 1);

function jaccard(a: Uint32Array, b: Uint32Array): number {
  let shared = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    const [one, other] = [a[i]!, b[j]!];
    if (one === other) shared += 1;
    if (one <= other) i += 1;
    if (one >= other) j += 1;
  }
  const all = a.length + b.length - shared;
  return all === 0 ? 1 : shared / all;
}

/** Whether each step from left to right goes up, in 9 x 8 means of four grey pixels: 64 bits in four words. */
function differenceHash(grey: ArrayLike<number>): Uint16Array {
  const meanAt = (row: number, column: number): number => {
    const at = 2 * (row * GREY.width + column);
    return (grey[at]! + grey[at + 1]! + grey[at + GREY.width]! + grey[at + GREY.width + 1]!) / 4;
  };
  const hash = new Uint16Array(4);
  for (let bit = 0; bit < 64; bit += 1) {
    const [row, column] = [Math.floor(bit / 8), bit % 8];
    if (meanAt(row, column + 1) > meanAt(row, column) + STEP) hash[bit >> 4]! |= 1 << (bit & 15);
  }
  return hash;
}

/** Of mean 0 and length 1; what has no contrast stays 0. */
function standardise(values: ArrayLike<number>): Float64Array {
  const mean = sum(Array.from(values)) / values.length;
  const centred = Float64Array.from(values, (value) => value - mean);
  const length = lengthOf(centred);
  return length === 0 ? centred : centred.map((value) => value / length);
}

/** Of two standardised rows. */
function correlation(a: Float64Array, b: Float64Array): number {
  let product = 0;
  for (let i = 0; i < a.length; i += 1) product += a[i]! * b[i]!;
  return a.length === b.length ? product : 0;
}

function roundedKey(vector: ArrayLike<number>, shift: number): number {
  const step = Math.max(Number.MIN_VALUE, 2 ** Math.round(Math.log2(lengthOf(vector) + Number.MIN_VALUE)) / 100);
  let key = shift === 0 ? 1 : 2;
  for (let i = 0; i < vector.length; i += 1) key = mixed(key ^ Math.floor(vector[i]! / step + shift), 0x85ebca6b);
  return key;
}

/**
 * A vector in at most {@link SKETCHED} numbers that keep its length and its distances to others but for a third
 * (Achlioptas 2003: sums under random signs); a short one is kept as it is.
 */
export function vectorSketch(vector: readonly number[]): number[] {
  if (vector.length <= SKETCHED) return [...vector];
  const sketch = Array<number>(SKETCHED).fill(0);
  vector.forEach((value, i) => {
    const signs = mixed(i + 1, SIGNS);
    for (let k = 0; k < SKETCHED; k += 1) sketch[k]! += (signs >>> (16 + k)) & 1 ? value : -value;
  });
  return sketch.map((value) => value / Math.sqrt(SKETCHED));
}
const SKETCHED = 16;
const SIGNS = hashUnits('signs') | 1;

const lengthOf = (vector: ArrayLike<number>): number => Math.hypot(...Array.from(vector));

function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = a.length === b.length ? 0 : Infinity;
  for (let i = 0; i < a.length; i += 1) sum += (a[i]! - b[i]!) ** 2;
  return Math.sqrt(sum);
}
