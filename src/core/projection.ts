import { quantiles } from './errors-of-values.js';
import { groupBy, largestOf, sum } from './tally.js';

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
/** A sample lies between so many of the classes that it is taken for. */
const BETWEEN = 3;
/** Probabilities are drawn together by this power, else all that a model is sure of would lie on one spot. */
const SPREAD = 0.6;
/** The islands of all classes together take about this share of the circle, if they do not overlap. */
const LAND = 0.25;
const ROUNDS = 60;
/** Places of very many classes are found in fewer rounds. */
const MOST_PAIRS = 2e7;

/**
 * Rows of class probabilities as a map: each class has a place, and classes that are confused are neighbours (distances
 * by multidimensional scaling). A row is drawn from the place of its likeliest class towards the next ones, by what it
 * gives to each. What models are equally sure of would lie on one spot: the rows of a class are spread over an island
 * as large as there are many, the surest in its middle and the others on the side of what they might also be.
 */
export function layoutOf(rows: readonly ArrayLike<number>[]): Layout {
  const classes = rows[0]?.length ?? 0;
  const places = placesOf(rows, classes);
  const tops = rows.map((row) => largestOf(row, BETWEEN));
  const islands = spreadOver(rows, tops, places);
  const x: number[] = [];
  const y: number[] = [];
  for (const [i, row] of rows.entries()) {
    let [total, across, up] = [0, 0, 0];
    for (const c of tops[i]!) {
      const weight = row[c]! ** SPREAD;
      total += weight;
      across += weight * places[c]![0];
      up += weight * places[c]![1];
    }
    x.push(rounded(across / total + islands[i]![0]));
    y.push(rounded(up / total + islands[i]![1]));
  }
  return { x, y };
}

const rounded = (place: number): number => Math.round(place * DIGITS) / DIGITS;

/**
 * By row, how far it lies from where its probabilities would place it: in rings around the middle of its class, each with as
 * much room for every row, the surest in the middle. On its ring it lies to the side of the classes it leans to, so that
 * neighbours are alike in what else they might be.
 */
function spreadOver(
  rows: readonly ArrayLike<number>[],
  tops: readonly (readonly number[])[],
  places: readonly Point[],
): Point[] {
  const offsets: Point[] = rows.map(() => [0, 0]);
  const leanings = rows.map((row, i) => leaningOf(row, tops[i]!, places));
  for (const members of groupBy(rows.keys(), (i) => tops[i]![0]!).values()) {
    const radius = Math.sqrt((LAND * members.length) / rows.length);
    const surest = members.toSorted((a, b) => rows[b]![tops[b]![0]!]! - rows[a]![tops[a]![0]!]! || a - b);
    for (let ring = 0, inner = 0; inner < surest.length; ring += 1) {
      const own = surest.slice(inner, inner + Math.max(1, 6 * ring));
      const from = ring === 0 ? 0 : radius * Math.sqrt((inner + own.length / 2) / surest.length);
      for (const [i, angle] of anglesOn(own, leanings)) offsets[i] = [from * Math.cos(angle), from * Math.sin(angle)];
      inner += own.length;
    }
  }
  return offsets;
}

/** In which direction the classes lie that a row might also be of, as an angle. */
function leaningOf(row: ArrayLike<number>, [top, ...others]: readonly number[], places: readonly Point[]): number {
  const [x, y] = places[top!]!;
  const weight = (c: number): number => row[c]! ** SPREAD;
  return Math.atan2(
    sum(others.map((c) => weight(c) * (places[c]![1] - y))),
    sum(others.map((c) => weight(c) * (places[c]![0] - x))),
  );
}

/** Angles for the rows of a ring, evenly apart, in the order of their leanings and turned to agree with them best. */
function anglesOn(ring: readonly number[], leanings: readonly number[]): [row: number, angle: number][] {
  const even = ring
    .toSorted((a, b) => leanings[a]! - leanings[b]! || a - b)
    .map((i, k): [number, number] => [i, (2 * Math.PI * k) / ring.length]);
  const off = even.map(([i, angle]) => leanings[i]! - angle);
  const turn = Math.atan2(sum(off.map(Math.sin)), sum(off.map(Math.cos)));
  return even.map(([i, angle]) => [i, angle + turn]);
}

type Point = readonly [x: number, y: number];

/**
 * A place for each class within the circle, by majorising the stress of their distances (de Leeuw 1977), from the circle on:
 * there each is followed by the one it is confused with most.
 */
function placesOf(rows: readonly ArrayLike<number>[], classes: number): Point[] {
  if (classes < 2) return [[0, 0]];
  const shared = sharedOf(rows, classes);
  const apart = shared.map((share) => Math.sqrt(Math.max(0, 1 - share)));
  let places = onCircle(neighbours(shared, classes));
  const rounds = Math.min(ROUNDS, Math.ceil(MOST_PAIRS / classes ** 2));
  for (let round = 0; round < rounds; round += 1) places = places.map((_, a) => pulled(places, apart, a));
  const [left, low] = [0, 1].map((axis) => sum(places.map((place) => place[axis]!)) / classes) as [number, number];
  const furthest = Math.max(...places.map(([x, y]) => Math.hypot(x - left, y - low))) || 1;
  const scale = (1 - Math.sqrt(LAND / classes)) / furthest;
  return places.map(([x, y]) => [scale * (x - left), scale * (y - low)]);
}

/** Where a class lies at the distances it should have from the others, each seen from where it is: their mean. */
function pulled(places: readonly Point[], apart: Float64Array, a: number): Point {
  let [across, up] = [0, 0];
  const [x, y] = places[a]!;
  for (let b = 0; b < places.length; b += 1) {
    const [otherX, otherY] = places[b]!;
    const distance = Math.sqrt((x - otherX) ** 2 + (y - otherY) ** 2);
    const ratio = b === a || distance === 0 ? 0 : apart[a * places.length + b]! / distance;
    across += otherX + ratio * (x - otherX);
    up += otherY + ratio * (y - otherY);
  }
  return [across / places.length, up / places.length];
}

/** Places on the circle in the order given, by class. */
function onCircle(order: readonly number[]): Point[] {
  const places: Point[] = [];
  order.forEach((c, i) => {
    const angle = (2 * Math.PI * i) / order.length;
    places[c] = [Math.cos(angle), Math.sin(angle)];
  });
  return places;
}

/** The classes in a row of which each is followed by the one it is confused with most among those left. */
function neighbours(shared: Float64Array, classes: number): number[] {
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
      const ofA = row[a]!;
      own[a]! += ofA;
      // Small probabilities add nothing that would be seen, and there are many of them.
      if (ofA < 0.01) continue;
      for (let b = 0, cell = a * classes; b < classes; b += 1, cell += 1) shared[cell]! += ofA * row[b]!;
    }
  }
  return shared.map((value, cell) => value / Math.sqrt(own[Math.floor(cell / classes)]! * own[cell % classes]! || 1));
}
