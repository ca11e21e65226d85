import { softmaxInPlace } from './softmax.js';

/** Rows of (table row, weight) pairs, one row after the other: row i is [starts[i], starts[i + 1]). */
export interface SparseRows {
  readonly starts: Int32Array;
  readonly ids: Int32Array;
  readonly weights: Float32Array;
}

export interface SoftmaxProblem {
  readonly rows: SparseRows;
  /** Class of each row. */
  readonly targets: Int32Array;
  /** Share of each row in the loss, about 1 on average. */
  readonly importance: Float32Array;
  readonly classes: number;
  /** Start weights, [table rows x classes], row-major; changed in place. */
  readonly table: Float32Array;
  /** L2: the loss is mean(importance * cross entropy) + l2 / 2 * |table|^2. */
  readonly l2: number;
}

/** The part of text training that takes the time; to be replaced by a WebAssembly one with the same contract. */
export interface SparseKernel {
  /** One gradient step a row, in this order, at this learning rate. Returns the sum of the losses before each step. */
  learn(order: Int32Array, rate: number): number;
  /** The weights so far. */
  table(): Float32Array;
}

/** Scale below which the weights are rewritten, far above where float32 loses its range. */
const SMALLEST_SCALE = 1e-6;

/**
 * Multinomial logistic regression by stochastic gradient descent. Weight decay shrinks one scale factor instead of the
 * whole table (Bottou, "Stochastic Gradient Descent Tricks", 2012, section 5.1), so that a step costs only the
 * features of its row.
 */
export class PlainSparseKernel implements SparseKernel {
  private scale = 1;
  private readonly scores: Float64Array;

  constructor(private readonly problem: SoftmaxProblem) {
    this.scores = new Float64Array(problem.classes);
  }

  learn(order: Int32Array, rate: number): number {
    let loss = 0;
    for (const row of order) {
      loss += this.residual(row);
      this.scale *= 1 - Math.min(0.5, rate * this.problem.l2);
      this.descend(row, rate / this.scale);
      if (this.scale < SMALLEST_SCALE) this.rescale();
    }
    return loss;
  }

  table(): Float32Array {
    this.rescale();
    return this.problem.table;
  }

  /** Leaves importance * (probability - truth) of each class in `scores`; returns importance * cross entropy. */
  private residual(row: number): number {
    const { rows, classes, table, targets, importance } = this.problem;
    const target = targets[row]!;
    addRow(rows, row, { table, classes, scale: this.scale }, this.scores.fill(0));
    const score = this.scores[target]!;
    const loss = importance[row]! * (softmaxInPlace(this.scores) - score);
    this.scores[target]! -= 1;
    for (let c = 0; c < classes; c += 1) this.scores[c]! *= importance[row]!;
    return loss;
  }

  private descend(row: number, step: number): void {
    const { rows, classes, table } = this.problem;
    const residual = this.scores;
    for (let i = rows.starts[row]!; i < rows.starts[row + 1]!; i += 1) {
      const base = rows.ids[i]! * classes;
      const change = step * rows.weights[i]!;
      for (let c = 0; c < classes; c += 1) table[base + c]! -= change * residual[c]!;
    }
  }

  private rescale(): void {
    const { table } = this.problem;
    for (let i = 0; i < table.length; i += 1) table[i]! *= this.scale;
    this.scale = 1;
  }
}

export interface ScoreTable {
  readonly table: Float32Array;
  readonly classes: number;
  readonly scale: number;
}

/** Adds the weighted table rows of a sparse row to `scores`. */
export function addRow(rows: SparseRows, row: number, weights: ScoreTable, scores: Float64Array): void {
  const { table, classes, scale } = weights;
  for (let i = rows.starts[row]!; i < rows.starts[row + 1]!; i += 1) {
    const base = rows.ids[i]! * classes;
    const weight = rows.weights[i]! * scale;
    for (let c = 0; c < classes; c += 1) scores[c]! += weight * table[base + c]!;
  }
}
