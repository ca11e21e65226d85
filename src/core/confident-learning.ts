import { sum } from './tally.js';

/** Labels beside out-of-sample probabilities of them. */
export interface LabelledProbabilities {
  readonly classes: number;
  /** Row by row, `classes` to a row. */
  readonly probabilities: Float64Array;
  /** Index of each row's given label. */
  readonly given: Int32Array;
}

/** How wrong labels are told from hard ones. */
export type PruneMethod =
  'prune-by-noise-rate' | 'prune-by-class' | 'both' | 'confident-learning' | 'predicted-is-not-given';

/** Classes with fewer samples are left alone. */
const FEWEST_OF_CLASS = 5;
/** Room for rounding where a probability is compared with its class's mean. */
const ROUNDING = 1e-6;

/**
 * Rows whose label is probably wrong: confident learning (Northcutt, Jiang, Chuang 2021, arXiv 1911.00068), with the
 * counts of its reference implementation. A class's threshold is the mean probability of its own label; what is above
 * another class's threshold counts as that class, and these counts say how many rows of each kind to take.
 *
 * @returns 1 for such a row, else 0
 */
export function wrongLabels(data: LabelledProbabilities, method: PruneMethod): Uint8Array {
  const likeliest = likeliestOf(data);
  const isOther = likeliest.map((best, row) => (best === data.given[row] ? 0 : 1));
  if (method === 'predicted-is-not-given') return Uint8Array.from(isOther);
  const found = FINDERS[method](data);
  return found.map((isWrong, row) => isWrong & isOther[row]!);
}

/**
 * Probability of the label minus that of the likeliest other one, by row: -1 to 1. The lowest are the likeliest errors.
 */
export function labelMargins({ classes, probabilities, given }: LabelledProbabilities): Float64Array {
  return Float64Array.from(given, (label, row) => {
    let other = 0;
    for (let c = 0; c < classes; c += 1) {
      if (c !== label) other = Math.max(other, probabilities[row * classes + c]!);
    }
    return probabilities[row * classes + label]! - other;
  });
}

const FINDERS: Readonly<
  Record<Exclude<PruneMethod, 'predicted-is-not-given'>, (data: LabelledProbabilities) => Uint8Array>
> = {
  'prune-by-class': (data) => pruneByClass(data, rowsOfClasses(data), countsToPrune(data)),
  'prune-by-noise-rate': (data) => pruneByNoiseRate(data, rowsOfClasses(data), countsToPrune(data)),
  both: (data) => {
    const [rows, counts] = [rowsOfClasses(data), countsToPrune(data)];
    const byRate = pruneByNoiseRate(data, rows, counts);
    return pruneByClass(data, rows, counts).map((isWrong, row) => isWrong & byRate[row]!);
  },
  'confident-learning': (data) =>
    Uint8Array.from(confidentClasses(data), (c, row) => (c >= 0 && c !== data.given[row] ? 1 : 0)),
};

function likeliestOf({ classes, probabilities, given }: LabelledProbabilities): Int32Array {
  return given.map((_, row) => {
    let best = 0;
    for (let c = 1; c < classes; c += 1) {
      if (probabilities[row * classes + c]! > probabilities[row * classes + best]!) best = c;
    }
    return best;
  });
}

/** The class that each row is confidently of: the likeliest above its own threshold; -1 for none. */
function confidentClasses({ classes, probabilities, given }: LabelledProbabilities): Int32Array {
  const [sums, counts] = [new Float64Array(classes), new Float64Array(classes)];
  given.forEach((label, row) => {
    sums[label]! += probabilities[row * classes + label]!;
    counts[label]! += 1;
  });
  const thresholds = sums.map((sum, c) => sum / counts[c]! - ROUNDING);
  return given.map((_, row) => {
    const isConfident = (c: number): boolean => probabilities[row * classes + c]! >= thresholds[c]!;
    let [best, first, confident] = [0, -1, 0];
    for (let c = 0; c < classes; c += 1) {
      if (probabilities[row * classes + c]! > probabilities[row * classes + best]!) best = c;
      if (!isConfident(c)) continue;
      confident += 1;
      if (first < 0) first = c;
    }
    return confident > 1 ? best : first;
  });
}

/** Rows of each given label. */
function rowsOfClasses({ classes, given }: LabelledProbabilities): number[][] {
  const rows: number[][] = Array.from({ length: classes }, () => []);
  given.forEach((label, row) => rows[label]!.push(row));
  return rows;
}

/**
 * `counts[truth][given]`: how many rows with a label are estimated to be truly of another class; on the diagonal how many
 * are right, and these are never fewer than {@link FEWEST_OF_CLASS}.
 */
function countsToPrune(data: LabelledProbabilities): number[][] {
  return keepSome(transposed(calibrated(data)));
}

/** Confident counts `[given][truth]`, scaled so that each label has as many as it was given. */
function calibrated(data: LabelledProbabilities): number[][] {
  const { classes, given } = data;
  const joint = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  const totals = new Array<number>(classes).fill(0);
  confidentClasses(data).forEach((truth, row) => {
    if (truth >= 0) joint[given[row]!]![truth]! += 1;
    totals[given[row]!]! += 1;
  });
  const scaled = joint.map((row, label) => {
    const confident = Math.max(Number.MIN_VALUE, sum(row));
    return row.map((count) => (count / confident) * totals[label]!);
  });
  const scale = given.length / sum(scaled.flat());
  return scaled.map((row) => rounded(row.map((count) => count * scale)));
}

function keepSome(counts: readonly (readonly number[])[]): number[][] {
  const raised = counts.map((row, c) => Math.max(0, FEWEST_OF_CLASS - row[c]!));
  const others = counts.map((_, c) => Math.max(1, counts.filter((row) => row[c] !== 0).length - 1));
  return counts.map((row, truth) =>
    rounded(row.map((count, c) => (c === truth ? count + raised[c]! : Math.max(0, count - raised[c]! / others[c]!)))),
  );
}

/** Whole numbers with the same sum, each as near as that allows. */
function rounded(row: readonly number[]): number[] {
  const whole = row.map(Math.round);
  const aim = Math.round(sum(row));
  for (let off = aim - sum(whole); Math.abs(off) >= 1; off = aim - sum(whole)) {
    const sign = Math.sign(off);
    const gaps = row.map((value, c) => sign * (value - whole[c]!));
    whole[gaps.indexOf(Math.max(...gaps))]! += sign;
  }
  return whole;
}

/** Of each label the rows least likely to be of it, as many as are estimated to be wrong. */
function pruneByClass(
  { classes, probabilities, given }: LabelledProbabilities,
  rows: readonly number[][],
  counts: readonly (readonly number[])[],
): Uint8Array {
  const found = new Uint8Array(given.length);
  const margins = labelMargins({ classes, probabilities, given });
  rows.forEach((members, label) => {
    if (members.length <= FEWEST_OF_CLASS) return;
    const own = (row: number): number => probabilities[row * classes + label]!;
    const wrong = members.length - counts[label]![label]!;
    // Equally unlikely rows by what speaks for another class, then by row.
    const doubted = members.toSorted((a, b) => own(a) - own(b) || margins[a]! - margins[b]!);
    for (const row of doubted.slice(0, wrong)) found[row] = 1;
  });
  return found;
}

/** Of each label and other class the rows with the largest margin for the other, as many as are estimated to be of it. */
function pruneByNoiseRate(
  { classes, probabilities, given }: LabelledProbabilities,
  rows: readonly number[][],
  counts: readonly (readonly number[])[],
): Uint8Array {
  const found = new Uint8Array(given.length);
  rows.forEach((members, label) => {
    if (members.length <= FEWEST_OF_CLASS) return;
    counts.forEach((ofTruth, truth) => {
      const prune = ofTruth[label]!;
      if (truth === label || prune === 0) return;
      // Plain loops: a million rows pass here once for each class.
      const margins = new Float64Array(members.length);
      for (let i = 0; i < members.length; i += 1) {
        const at = members[i]! * classes;
        margins[i] = probabilities[at + truth]! - probabilities[at + label]!;
      }
      const threshold = margins.toSorted()[margins.length - prune] ?? -Infinity;
      for (let i = 0; i < members.length; i += 1) if (margins[i]! >= threshold) found[members[i]!] = 1;
    });
  });
  return found;
}

const transposed = (matrix: readonly (readonly number[])[]): number[][] =>
  matrix.map((_, c) => matrix.map((row) => row[c]!));
