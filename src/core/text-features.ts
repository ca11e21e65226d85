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

/** Keeps a hash within one half. */
const LAST_OF_HALF = FIRST_PIECE - 1;

/** Bits of a digit: a bucket has two. */
const DIGIT = 9;
const LAST_DIGIT = 2 ** DIGIT - 1;

/** Longer texts are cut here (UTF-16 units), which bounds the time one answer takes. */
const LONGEST_TEXT = 20_000;
const SHORTEST_PIECE = 2;
const LONGEST_PIECE = 5;
/** That begin at one place. */
const MOST_PIECES = LONGEST_PIECE - SHORTEST_PIECE + 1;
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
  const words = normal.match(WORD) ?? [];
  const chunks = normal.split(' ');
  const [ids, spare] = roomFor(2 * words.length + MOST_PIECES * (normal.length + chunks.length + 1));
  let used = addWords(words, seed, ids);
  for (const chunk of chunks) used = addPieces(` ${chunk} `, seed, ids, used);
  sortByDigit(ids, used, 0, spare);
  sortByDigit(spare, used, DIGIT, ids);
  return countIds(ids, used);
}

/** Used for every text: memory of its own for each took longer than its hashing. */
let room = [new Int32Array(2 ** 12), new Int32Array(2 ** 12)] as const;
const places = new Int32Array(2 ** DIGIT + 1);

function roomFor(most: number): typeof room {
  if (most > room[0].length) room = [new Int32Array(2 * most), new Int32Array(2 * most)];
  return room;
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

/** Returns how many were written. */
function addWords(words: readonly string[], seed: number, ids: Int32Array): number {
  let used = 0;
  words.forEach((word, i) => {
    ids[used++] = hashUnits(word, seed) & LAST_OF_HALF;
    if (i > 0) ids[used++] = hashUnits(`${words[i - 1]} ${word}`, seed) & LAST_OF_HALF;
  });
  return used;
}

/** Writes from `used` on; returns how many there are then. */
function addPieces(chunk: string, seed: number, ids: Int32Array, used: number): number {
  if (chunk.length === 2) return used;
  let next = used;
  for (let from = 0; from < chunk.length; from += 1) {
    let hash = startOf(seed);
    const to = Math.min(chunk.length, from + LONGEST_PIECE);
    for (let at = from; at < to; at += 1) {
      hash = absorb(hash, chunk.charCodeAt(at));
      if (at - from + 1 >= SHORTEST_PIECE) ids[next++] = FIRST_PIECE + (finish(hash) & LAST_OF_HALF);
    }
  }
  return next;
}

/**
 * Writes ids in the order of the digit that begins at the bit `shift`, those with the same one in the order given (radix
 * sort): comparing them took half of a text's time.
 */
function sortByDigit(ids: Int32Array, used: number, shift: number, sorted: Int32Array): void {
  places.fill(0);
  for (let i = 0; i < used; i += 1) places[((ids[i]! >>> shift) & LAST_DIGIT) + 1]! += 1;
  for (let digit = 1; digit < places.length; digit += 1) places[digit]! += places[digit - 1]!;
  for (let i = 0; i < used; i += 1) sorted[places[(ids[i]! >>> shift) & LAST_DIGIT]!++] = ids[i]!;
}

function countIds(sorted: Int32Array, used: number): TextFeatures {
  let different = 0;
  for (let i = 0; i < used; i += 1) if (i === 0 || sorted[i] !== sorted[i - 1]) different += 1;
  const ids = new Int32Array(different);
  const counts = new Float32Array(different);
  for (let i = 0, at = -1; i < used; i += 1) {
    if (i === 0 || sorted[i] !== sorted[i - 1]) ids[++at] = sorted[i]!;
    counts[at]! += 1;
  }
  return { ids, counts };
}
