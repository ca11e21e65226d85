/** Rows of (table row, weight) pairs, one row after the other: row i is [starts[i], starts[i + 1]). */
export interface SparseRows {
  readonly starts: Int32Array;
  readonly ids: Int32Array;
  readonly weights: Float32Array;
}

/** What each row should be answered with: its class (Int32Array), or its number (Float32Array; there is one column then). */
export type Targets = Int32Array | Float32Array;

export interface SparseProblem {
  readonly rows: SparseRows;
  readonly targets: Targets;
  /** Share of each row in the loss, about 1 on average. */
  readonly importance: Float32Array;
  readonly classes: number;
  /** Start weights, [table rows x classes], row-major; changed in place. */
  readonly table: Float32Array;
  /** L2: the loss is mean(importance * cross entropy, or half the squared error) + l2 / 2 * |table|^2. */
  readonly l2: number;
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
