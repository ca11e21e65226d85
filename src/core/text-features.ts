/**
 * A text as a bag of hashed n-grams. No imports: this file runs as it is in a browser, and a served model gives the
 * same answers there only as long as both sides hash alike. A change here makes every stored text model wrong, so it
 * needs a new {@link TEXT_FEATURES_VERSION}.
 */
export const TEXT_FEATURES_VERSION = 1;

/** Buckets n-grams are hashed into: words in the lower half, pieces of words in the upper half. */
export const FEATURE_SPACE = 2 ** 18;

/** First bucket that holds a piece of a word. */
export const FIRST_PIECE = FEATURE_SPACE / 2;

/** Longer texts are cut here (UTF-16 units), which bounds the time one answer takes. */
const LONGEST_TEXT = 20_000;
const SHORTEST_PIECE = 2;
const LONGEST_PIECE = 5;
const WORD = /[\p{L}\p{M}\p{N}]+/gu;

/** Buckets of a text in ascending order, each once, and how often an n-gram fell into it. */
export interface TextFeatures {
  readonly ids: Int32Array;
  readonly counts: Float32Array;
}

/** Unicode compatibility form, lower case, single spaces. */
export const normaliseText = (text: string): string =>
  text.slice(0, LONGEST_TEXT).normalize('NFKC').toLowerCase().replace(/\s+/gu, ' ').trim();

/**
 * Words, pairs of neighbouring words, and the pieces of 2 to 5 units of each space-separated chunk with a space on
 * both sides (as `char_wb` of scikit-learn), hashed.
 */
export function textFeatures(text: string, seed = 0): TextFeatures {
  const normal = normaliseText(text);
  const ids: number[] = [];
  addWords(normal.match(WORD) ?? [], seed, ids);
  for (const chunk of normal.split(' ')) addPieces(` ${chunk} `, seed, ids);
  return countIds(Int32Array.from(ids).sort());
}

/**
 * FNV-1a over UTF-16 units followed by the finaliser of MurmurHash3, unsigned 32 bits.
 * Sources: draft-eastlake-fnv (offset basis, prime), MurmurHash3.cpp (fmix32).
 */
export function hashUnits(text: string, seed = 0): number {
  let hash = startOf(seed);
  for (let i = 0; i < text.length; i += 1) hash = absorb(hash, text.charCodeAt(i));
  return finish(hash);
}

const startOf = (seed: number): number => 0x811c9dc5 ^ Math.imul(seed, 0x9e3779b1);

const absorb = (hash: number, unit: number): number => Math.imul(hash ^ unit, 0x01000193);

function finish(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

function addWords(words: readonly string[], seed: number, ids: number[]): void {
  words.forEach((word, i) => {
    ids.push(hashUnits(word, seed) % FIRST_PIECE);
    if (i > 0) ids.push(hashUnits(`${words[i - 1]} ${word}`, seed) % FIRST_PIECE);
  });
}

function addPieces(chunk: string, seed: number, ids: number[]): void {
  if (chunk.length === 2) return;
  for (let from = 0; from < chunk.length; from += 1) {
    let hash = startOf(seed);
    const to = Math.min(chunk.length, from + LONGEST_PIECE);
    for (let at = from; at < to; at += 1) {
      hash = absorb(hash, chunk.charCodeAt(at));
      if (at - from + 1 >= SHORTEST_PIECE) ids.push(FIRST_PIECE + (finish(hash) % FIRST_PIECE));
    }
  }
}

function countIds(sorted: Int32Array): TextFeatures {
  const ids = new Int32Array(sorted.length);
  const counts = new Float32Array(sorted.length);
  let used = 0;
  for (let i = 0; i < sorted.length; i += 1) {
    if (i === 0 || sorted[i] !== sorted[i - 1]) used += 1;
    ids[used - 1] = sorted[i]!;
    counts[used - 1]! += 1;
  }
  return { ids: ids.slice(0, used), counts: counts.slice(0, used) };
}
