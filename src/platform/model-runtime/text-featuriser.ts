import { FEATURE_SPACE, FIRST_PIECE, type TextFeatures, textFeatures } from '../../core/text-features.js';

/** Rows a model keeps at most, row 0 (the constant) included. 2^16 rows of 77 labels are 20 MB. */
export const MOST_ROWS = 2 ** 16;

/** Value of the constant feature: a bias that moves a tenth as fast as it would at 1 (its square counts). */
export const CONSTANT = Math.sqrt(0.1);

/** Weight of a text's pieces against its words before both are brought to length 1. 1.5 measured on Banking77. */
const PIECES_TO_WORDS = 1.5;

/** Which buckets have a row: row r + 1 is bucket `buckets[r]` with inverse document frequency `idf[r]`. */
export interface Vocabulary {
  readonly hashSeed: number;
  readonly buckets: Int32Array;
  readonly idf: Float32Array;
}

/** One text as the model reads it. Row 0, the constant, comes first. */
export interface SparseText {
  readonly ids: Int32Array;
  readonly weights: Float32Array;
}

/** Text -> (table rows, weights): sublinear frequency times idf, words and pieces each of fixed length, all of length 1. */
export class TextFeaturiser {
  private readonly rowsOf = new Int32Array(FEATURE_SPACE);

  constructor(readonly vocabulary: Vocabulary) {
    vocabulary.buckets.forEach((bucket, row) => (this.rowsOf[bucket] = row + 1));
  }

  get rows(): number {
    return this.vocabulary.buckets.length + 1;
  }

  /** 0 for a bucket without one. */
  rowOf(bucket: number): number {
    return this.rowsOf[bucket]!;
  }

  featurise(text: string): SparseText {
    return this.weigh(textFeatures(text, this.vocabulary.hashSeed));
  }

  weigh({ ids, counts }: TextFeatures): SparseText {
    const rows = new Int32Array(ids.length + 1);
    const weights = new Float32Array(ids.length + 1);
    weights[0] = CONSTANT;
    let used = 1;
    let firstPiece = 1;
    for (let i = 0; i < ids.length; i += 1) {
      const row = this.rowOf(ids[i]!);
      if (row === 0) continue;
      rows[used] = row;
      weights[used] = dampened(counts[i]!) * this.vocabulary.idf[row - 1]!;
      used += 1;
      if (ids[i]! < FIRST_PIECE) firstPiece = used;
    }
    balance(weights, [1, firstPiece, used]);
    return used === rows.length
      ? { ids: rows, weights }
      : { ids: rows.slice(0, used), weights: weights.slice(0, used) };
  }
}

/** Sublinear frequency. Nearly every n-gram comes once, and logarithms are what takes longest. */
export const dampened = (count: number): number => (count === 1 ? 1 : 1 + Math.log(count));

/**
 * Brings words and pieces to lengths in the ratio 1 : PIECES_TO_WORDS, together to length 1.
 * @param at where words begin, where pieces do, and where they end
 */
export function balance(weights: Float32Array, at: readonly [words: number, pieces: number, end: number]): void {
  const [firstWord, firstPiece, end] = at;
  const [ofWords, ofPieces] = [lengthOf(weights, firstWord, firstPiece), lengthOf(weights, firstPiece, end)];
  const share = [ofWords > 0 ? 1 : 0, ofPieces > 0 ? PIECES_TO_WORDS : 0] as const;
  const whole = Math.hypot(...share);
  for (let i = firstWord; i < firstPiece; i += 1) weights[i]! *= share[0] / (whole * ofWords);
  for (let i = firstPiece; i < end; i += 1) weights[i]! *= share[1] / (whole * ofPieces);
}

function lengthOf(values: Float32Array, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i += 1) sum += values[i]! * values[i]!;
  return Math.sqrt(sum);
}

/**
 * The buckets seen in training, the most frequent first in case of too many, then those only the parent knows.
 * idf = 1 + ln((1 + n) / (1 + df)), smoothed as in scikit-learn.
 */
export function learnVocabulary(texts: readonly TextFeatures[], hashSeed: number, parent?: Vocabulary): Vocabulary {
  const frequency = new Int32Array(FEATURE_SPACE);
  for (const { ids } of texts) for (let i = 0; i < ids.length; i += 1) frequency[ids[i]!]! += 1;
  const seen = bucketsOf(frequency);
  if (seen.length > MOST_ROWS - 1) seen.sort((a, b) => frequency[b]! - frequency[a]! || a - b);
  /** By bucket; 0 of one that has no row. */
  const idfs = new Float32Array(FEATURE_SPACE);
  const kept = seen.subarray(0, MOST_ROWS - 1);
  for (const bucket of kept) idfs[bucket] = 1 + Math.log((1 + texts.length) / (1 + frequency[bucket]!));
  let free = MOST_ROWS - 1 - kept.length;
  parent?.buckets.forEach((bucket, row) => {
    if (free === 0 || idfs[bucket] !== 0) return;
    idfs[bucket] = parent.idf[row]!;
    free -= 1;
  });
  const buckets = bucketsOf(idfs);
  return { hashSeed, buckets, idf: Float32Array.from(buckets, (bucket) => idfs[bucket]!) };
}

/** Those that hold something, ascending. */
function bucketsOf(values: Int32Array | Float32Array): Int32Array {
  const found = new Int32Array(values.length);
  let used = 0;
  for (let bucket = 0; bucket < values.length; bucket += 1) if (values[bucket] !== 0) found[used++] = bucket;
  return found.slice(0, used);
}
