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

/** The sum of table rows, each times its weight: one score a class. */
export function weightedSum(
  { ids, weights }: Omit<SparseRows, 'starts'>,
  table: Float32Array,
  classes: number,
): Float64Array {
  const scores = new Float64Array(classes);
  let i = 0;
  // Four at once, which takes half the time, and one after the other, so that the sums are the same bit by bit.
  for (; i + 4 <= ids.length; i += 4) {
    const [at0, at1] = [ids[i]! * classes, ids[i + 1]! * classes];
    const [at2, at3] = [ids[i + 2]! * classes, ids[i + 3]! * classes];
    const [w0, w1, w2, w3] = [weights[i]!, weights[i + 1]!, weights[i + 2]!, weights[i + 3]!];
    for (let c = 0; c < classes; c += 1) {
      scores[c] =
        scores[c]! + w0 * table[at0 + c]! + w1 * table[at1 + c]! + w2 * table[at2 + c]! + w3 * table[at3 + c]!;
    }
  }
  for (; i < ids.length; i += 1) {
    const [at, weight] = [ids[i]! * classes, weights[i]!];
    for (let c = 0; c < classes; c += 1) scores[c]! += weight * table[at + c]!;
  }
  return scores;
}
