import { quantiles } from './errors-of-values.js';

/** Where each row lies in two dimensions, rounded to a thousandth: the circle has radius 1. */
export interface Layout {
  readonly x: number[];
  readonly y: number[];
}

/** The samples laid out by what models that had not seen them think: alike ones lie together. By index in `labels`. */
export interface SampleMap extends Layout {
  readonly labels: readonly string[];
  readonly ids: readonly string[];
  readonly label: readonly number[];
  readonly predicted: readonly number[];
  /** Probability of the label minus that of the likeliest other one; of values the error in deviations, negative. */
  readonly margin: readonly number[];
  /** Of values: they lie by what they are and by what was answered, and their labels are bands of them. */
  readonly isOfValues?: true;
}

/**
 * Values and what models that had not seen them answered, both on one scale: what is right lies on the diagonal from
 * below left to above right. The scale holds 98 of 100 values; what lies beyond is drawn at its edge.
 */
export function layoutOfValues(truths: readonly number[], answers: readonly number[]): Layout {
  const [low, high] = quantiles(truths, [0.01, 0.99]) as [number, number];
  const place = (value: number): number => {
    const share = high > low ? (value - low) / (high - low) : 0.5;
    return Math.round(Math.max(-EDGE, Math.min(EDGE, 2 * share - 1)) * DIGITS) / DIGITS;
  };
  return { x: truths.map(place), y: answers.map(place) };
}

const EDGE = 1.1;
const DIGITS = 1_000;
/** Probabilities are drawn together by this power, else all that a model is sure of would lie on one spot. */
const SPREAD = 0.7;

/**
 * Rows of class probabilities between their classes (RadViz, Hoffman and others 1997): each class has a place on a
 * circle, and a row lies at the mean of these places weighed by what it gives to each. So what is clear lies at the
 * rim, what is doubted between the classes that are confused, and classes that are confused often lie side by side.
 */
export function layoutOf(rows: readonly ArrayLike<number>[]): Layout {
  const classes = rows[0]?.length ?? 0;
  const places = placesOf(neighbours(rows, classes));
  const x: number[] = [];
  const y: number[] = [];
  for (const row of rows) {
    let [total, across, up] = [0, 0, 0];
    for (let c = 0; c < classes; c += 1) {
      const weight = row[c]! ** SPREAD;
      total += weight;
      across += weight * places[c]![0];
      up += weight * places[c]![1];
    }
    x.push(Math.round((across / total) * DIGITS) / DIGITS);
    y.push(Math.round((up / total) * DIGITS) / DIGITS);
  }
  return { x, y };
}

/** Places on the circle in the order given, by class. */
function placesOf(order: readonly number[]): (readonly [number, number])[] {
  const places: (readonly [number, number])[] = [];
  order.forEach((c, i) => {
    const angle = (2 * Math.PI * i) / order.length;
    places[c] = [Math.cos(angle), Math.sin(angle)];
  });
  return places;
}

/** The classes in a row of which each is followed by the one it is confused with most among those left. */
function neighbours(rows: readonly ArrayLike<number>[], classes: number): number[] {
  const shared = sharedOf(rows, classes);
  const left = new Set(Array.from({ length: classes }, (_, c) => c));
  const order: number[] = [];
  for (let next = 0; left.size > 0;) {
    order.push(next);
    left.delete(next);
    const from = next * classes;
    next = [...left].reduce((best, c) => (shared[from + c]! > shared[from + best]! ? c : best), [...left][0] ?? 0);
  }
  return order;
}

/** How much probability each two classes have in the same rows, in proportion to what both have. */
function sharedOf(rows: readonly ArrayLike<number>[], classes: number): Float64Array {
  const shared = new Float64Array(classes * classes);
  const own = new Float64Array(classes);
  for (const row of rows) {
    for (let a = 0; a < classes; a += 1) {
      own[a]! += row[a]!;
      // Small probabilities add nothing that would be seen, and there are many of them.
      if (row[a]! < 0.01) continue;
      for (let b = 0; b < classes; b += 1) shared[a * classes + b]! += row[a]! * row[b]!;
    }
  }
  return shared.map((value, cell) => value / Math.sqrt(own[Math.floor(cell / classes)]! * own[cell % classes]! || 1));
}
