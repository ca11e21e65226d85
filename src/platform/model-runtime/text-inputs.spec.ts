import { describe, expect, it } from 'vitest';
import { FIRST_PIECE, hashUnits } from '../../core/text-features.js';
import { textInputsModule } from './featuriser-module.js';
import { sparseTextInputs, TEXT_INPUTS, textInputs } from './text-inputs.js';

const HALF = TEXT_INPUTS / 2;
const word = (text: string): number => (hashUnits(text) % FIRST_PIECE) % HALF;
const piece = (text: string): number => HALF + ((hashUnits(text) % FIRST_PIECE) % HALF);

describe('textInputs', () => {
  it('has words and pieces in halves of their own, in the lengths 1 to 1.5 of a whole of 1', () => {
    const numbers = textInputs('I');
    const [ofWords, ofPieces] = [1 / Math.hypot(1, 1.5), 1.5 / Math.hypot(1, 1.5)];
    expect(numbers[word('i')]).toBeCloseTo(ofWords, 6);
    // " i", " i " and "i ", each once.
    for (const one of [' i', ' i ', 'i ']) expect(numbers[piece(one)]).toBeCloseTo(ofPieces / Math.sqrt(3), 6);
    expect(numbers.filter((value) => value !== 0)).toHaveLength(4);
  });

  it('is of length 1 for every text but the empty one', () => {
    const lengthOf = (text: string): number => Math.hypot(...textInputs(text));
    expect(lengthOf('')).toBe(0);
    expect(lengthOf('?!')).toBeCloseTo(1, 5);
    expect(lengthOf('where is my card')).toBeCloseTo(1, 1);
  });

  it('adds up what falls together', () => {
    const { words, at } = collision();
    const [one, other, both] = [words[0], words[1], words.join(' ')].map((text) => textInputs(text!)[at]!);
    expect(one).toBeGreaterThan(0);
    expect(other).toBeGreaterThan(0);
    // Two of three words (the third is the pair) in one place.
    expect(both).toBeCloseTo(2 / Math.sqrt(3) / Math.hypot(1, 1.5), 6);
  });

  it('is written down as the numbers that are not 0', () => {
    const text = 'Where is my card, and where is my money?';
    const { size, indices, values } = sparseTextInputs(text);
    const whole = new Float32Array(size);
    indices.forEach((index, i) => (whole[index] = values[i]!));
    textInputs(text).forEach((value, i) => expect(whole[i]).toBeCloseTo(value, 5));
    expect(indices).toEqual(indices.toSorted((a, b) => a - b));
    expect(values).not.toContain(0);
  });

  it('is the same in the module that pages load', async () => {
    const source = `data:text/javascript;base64,${textInputsModule().toString('base64')}`;
    const { openFeaturiser } = (await import(/* @vite-ignore */ source)) as {
      openFeaturiser(): Promise<(texts: string[]) => { values: Float32Array; shape: number[] }>;
    };
    const texts = ['Where is my card?', 'No.'];
    const { values, shape } = (await openFeaturiser())(texts);
    expect(shape).toEqual([2, TEXT_INPUTS]);
    expect([...values]).toEqual(texts.flatMap((text) => [...textInputs(text)]));
  });
});

/** The first two words that fall into the same place. */
function collision(): { words: [string, string]; at: number } {
  const seen = new Map<number, string>();
  for (let i = 0; ; i += 1) {
    const [text, at] = [`w${i}`, word(`w${i}`)];
    if (seen.has(at)) return { words: [seen.get(at)!, text], at };
    seen.set(at, text);
  }
}
