import { describe, expect, it } from 'vitest';
import { seededRandom } from './random.js';
import { PlainSparseKernel, type SoftmaxProblem } from './sparse-softmax.js';

const CLASSES = 3;
const random = seededRandom(4);

const aProblem = (over: Partial<SoftmaxProblem> = {}): SoftmaxProblem => ({
  rows: {
    starts: Int32Array.of(0, 3, 5),
    ids: Int32Array.of(0, 1, 3, 0, 2),
    weights: Float32Array.of(0.3, 0.8, -0.5, 0.3, 1.2),
  },
  targets: Int32Array.of(2, 0),
  importance: Float32Array.of(1.5, 0.5),
  classes: CLASSES,
  table: Float32Array.from({ length: 4 * CLASSES }, () => random.normal()),
  l2: 0,
  ...over,
});

/** importance * cross entropy of one row, written down again in the plainest way. */
function lossOf({ rows, targets, importance, table }: SoftmaxProblem, row: number): number {
  const scores = [0, 0, 0].map((_, c) => {
    let sum = 0;
    for (let i = rows.starts[row]!; i < rows.starts[row + 1]!; i += 1)
      sum += rows.weights[i]! * table[rows.ids[i]! * CLASSES + c]!;
    return sum;
  });
  const total = scores.reduce((sum, score) => sum + Math.exp(score), 0);
  return -importance[row]! * Math.log(Math.exp(scores[targets[row]!]!) / total);
}

describe('PlainSparseKernel', () => {
  it.each([0, 1])('steps along the numeric gradient of row %i', (row) => {
    const rate = 1e-2;
    const problem = aProblem();
    const before = problem.table.slice();
    const step = new PlainSparseKernel({ ...problem, table: before.slice() });
    expect(step.learn(Int32Array.of(row), rate)).toBeCloseTo(lossOf(problem, row), 5);
    const after = step.table();
    const h = 2 ** -7;
    before.forEach((value, i) => {
      const at = (shift: number): number => lossOf({ ...problem, table: before.with(i, value + shift) }, row);
      expect((before[i]! - after[i]!) / rate).toBeCloseTo((at(h) - at(-h)) / (2 * h), 3);
    });
  });

  it('shrinks every weight by rate * l2 a step', () => {
    const problem = aProblem({ l2: 0.1, importance: Float32Array.of(0, 0) });
    const before = problem.table.slice();
    const kernel = new PlainSparseKernel(problem);
    kernel.learn(Int32Array.of(0, 1), 0.5);
    kernel.table().forEach((weight, i) => expect(weight).toBeCloseTo(before[i]! * 0.95 ** 2, 6));
  });
});
