import { describe, expect, it } from 'vitest';
import { seededRandom } from './random.js';
import { weightedSum } from './sparse-rows.js';

const oneByOne = (ids: Int32Array, weights: Float32Array, table: Float32Array, classes: number): Float64Array => {
  const scores = new Float64Array(classes);
  ids.forEach((id, i) => {
    for (let c = 0; c < classes; c += 1) scores[c]! += weights[i]! * table[id * classes + c]!;
  });
  return scores;
};

describe('weightedSum', () => {
  it('adds table rows, each times its weight', () => {
    const table = Float32Array.of(1, 10, 2, 20, 3, 30);
    const rows = { ids: Int32Array.of(0, 2, 1, 0, 2), weights: Float32Array.of(1, 2, 0.5, 1, 1) };
    expect([...weightedSum(rows, table, 2)]).toEqual([12, 120]);
    expect([...weightedSum({ ids: new Int32Array(), weights: new Float32Array() }, table, 2)]).toEqual([0, 0]);
  });

  it.each([1, 3, 4, 7, 120])('gives the same bits as one row after the other, of %i rows', (count) => {
    const random = seededRandom(count);
    const [rows, classes] = [50, 77];
    const table = Float32Array.from({ length: rows * classes }, () => random.normal());
    const ids = Int32Array.from({ length: count }, () => Math.floor(rows * random.next()));
    const weights = Float32Array.from({ length: count }, () => random.normal());
    expect(weightedSum({ ids, weights }, table, classes)).toEqual(oneByOne(ids, weights, table, classes));
  });
});
