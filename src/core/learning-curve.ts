import { sum } from './tally.js';

/** A version: how many samples it learnt from and how it did on what was held out. */
export interface CurvePoint {
  readonly samples: number;
  readonly accuracy: number;
}

/** What more labels are likely to bring, if they come as they came so far. */
export interface Outlook {
  readonly samples: number;
  readonly accuracy: number;
  /** Of the accuracy, 95 %. */
  readonly low: number;
  readonly high: number;
}

const FEWEST_POINTS = 4;
/** Student's t for 2 to 10 degrees of freedom, 97.5 %. */
const T = [4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23];
/** Errors of none and of all have no logarithm worth having. */
const [LEAST, MOST] = [0.001, 0.999];

/**
 * Extends the learning curve: the error falls as a power of the number of samples (Hestness and others 2017, arXiv
 * 1712.00409), a straight line of logarithms. Null with fewer than four versions, or where they all learnt from as many.
 */
export function outlookOf(points: readonly CurvePoint[], more: number): Outlook | null {
  const logs = points.map(({ samples, accuracy }) => ({
    x: Math.log(samples),
    y: Math.log(Math.min(MOST, Math.max(LEAST, 1 - accuracy))),
  }));
  const [mx, my] = [mean(logs.map(({ x }) => x)), mean(logs.map(({ y }) => y))];
  const spread = sum(logs.map(({ x }) => (x - mx) ** 2));
  if (points.length < FEWEST_POINTS || spread < 1e-9) return null;
  const slope = sum(logs.map(({ x, y }) => (x - mx) * (y - my))) / spread;
  const samples = Math.max(...points.map((point) => point.samples)) + more;
  const at = Math.log(samples);
  const expected = my + slope * (at - mx);
  const degrees = points.length - 2;
  const residual = sum(logs.map(({ x, y }) => (y - my - slope * (x - mx)) ** 2)) / degrees;
  const deviation = Math.sqrt(residual * (1 + 1 / points.length + (at - mx) ** 2 / spread));
  const half = (T[degrees - 2] ?? 1.96) * deviation;
  const accuracyAt = (log: number): number => Math.max(0, 1 - Math.exp(log));
  return {
    samples,
    accuracy: accuracyAt(expected),
    low: accuracyAt(expected + half),
    high: accuracyAt(expected - half),
  };
}

const mean = (values: readonly number[]): number => sum(values) / Math.max(1, values.length);
