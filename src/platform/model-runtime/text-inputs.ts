import { FIRST_PIECE, textFeatures } from '../../core/text-features.js';
import { balance, dampened } from './text-featuriser.js';

/**
 * How many numbers a model of somebody else's reads of a text: the hashing trick (Weinberger et al. 2009, arXiv
 * 0902.2206) with words in the lower half and pieces of words in the upper one. Logistic regression on 8,000 texts of
 * Banking77 is right in .901 of the others, with half as many numbers in .898.
 */
export const TEXT_INPUTS = 2 ** 13;
const HALF = TEXT_INPUTS / 2;

/** Behind the point, of numbers that are written down. */
const DIGITS = 6;

/** Those of the numbers that are not 0, by ascending index. */
export interface TextInputs {
  readonly size: number;
  readonly indices: number[];
  readonly values: number[];
}

/** The numbers of a text: sublinear frequencies, words and pieces each of fixed length, all of length 1 but for what falls together. */
export function textInputs(text: string): Float32Array {
  const { ids, counts } = textFeatures(text);
  const weights = Float32Array.from(counts, dampened);
  const firstPiece = ids.findIndex((id) => id >= FIRST_PIECE);
  balance(weights, [0, firstPiece < 0 ? ids.length : firstPiece, ids.length]);
  const numbers = new Float32Array(TEXT_INPUTS);
  ids.forEach((id, i) => (numbers[(id < FIRST_PIECE ? 0 : HALF) + (id % HALF)]! += weights[i]!));
  return numbers;
}

/** The same, as short as it is written down. */
export function sparseTextInputs(text: string): TextInputs {
  const [indices, values]: [number[], number[]] = [[], []];
  textInputs(text).forEach((number, i) => {
    if (number === 0) return;
    indices.push(i);
    values.push(Number(number.toFixed(DIGITS)));
  });
  return { size: TEXT_INPUTS, indices, values };
}
