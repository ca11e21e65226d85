/** Rows are told from a sample of so many: the axes hardly move after that. */
const FITTED_ON = 2_000;
const STEPS = 40;
const DIGITS = 1_000;

/** Where each row lies in two dimensions; units are those of the rows, rounded to a thousandth. */
export interface Layout {
  readonly x: number[];
  readonly y: number[];
}

/**
 * The two directions in which rows differ most (principal components), by power iteration; the same rows give the same
 * picture. The sign of an axis means nothing.
 */
export function layoutOf(rows: readonly ArrayLike<number>[]): Layout {
  const width = rows[0]?.length ?? 0;
  const every = Math.max(1, rows.length / FITTED_ON);
  const some = Array.from({ length: Math.min(rows.length, FITTED_ON) }, (_, i) => rows[Math.floor(i * every)]!);
  const mean = meanOf(some, width);
  const centred = some.map((row) => mean.map((m, c) => row[c]! - m));
  const first = principal(centred, width);
  const second = principal(
    centred.map((row) => without(row, first)),
    width,
  );
  const along = (axis: Float64Array) =>
    rows.map((row) => Math.round(axis.reduce((sum, a, c) => sum + a * (row[c]! - mean[c]!), 0) * DIGITS) / DIGITS);
  return { x: along(first), y: along(second) };
}

function meanOf(rows: readonly ArrayLike<number>[], width: number): Float64Array {
  const mean = new Float64Array(width);
  for (const row of rows) for (let c = 0; c < width; c += 1) mean[c]! += row[c]! / rows.length;
  return mean;
}

/** The direction of the largest variance of centred rows. Starts from a fixed one that no data is likely to avoid. */
function principal(rows: readonly Float64Array[], width: number): Float64Array {
  let axis = unit(Float64Array.from({ length: width }, (_, c) => Math.sin(c + 1)));
  for (let step = 0; step < STEPS; step += 1) {
    const next = new Float64Array(width);
    for (const row of rows) {
      const weight = dot(row, axis);
      for (let c = 0; c < width; c += 1) next[c]! += weight * row[c]!;
    }
    if (dot(next, next) === 0) return axis;
    axis = unit(next);
  }
  return axis;
}

function without(row: Float64Array, axis: Float64Array): Float64Array {
  const weight = dot(row, axis);
  return row.map((value, c) => value - weight * axis[c]!);
}

function unit(vector: Float64Array): Float64Array {
  const length = Math.sqrt(dot(vector, vector)) || 1;
  return vector.map((value) => value / length);
}

const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, value, c) => sum + value * b[c]!, 0);
