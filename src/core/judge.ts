import { evenEdges, median } from './errors-of-values.js';
import { countBy } from './tally.js';
import { roundedText, type Task, valueOf, valueText } from './task.js';

/** Which answers count as right, and in which class an answer or a label is counted. */
export interface Judge {
  isRight(label: string, answer: string): boolean;
  classOf(text: string): string;
  /** The best answer that is always the same: what learning nothing would reach. */
  constantAnswer(labels: readonly string[]): string;
  /** Of values: the band of this name; undefined for a text that names none. */
  readonly bandOf?: (name: string) => Band | undefined;
  /** The largest error that is still right; absent like `errorOf`. */
  readonly tolerance?: number;
  /** How far off an answer is; absent where an answer is right or wrong and no more is to be said. */
  readonly errorOf?: (label: string, answer: string) => number;
}

/** Values above the one and up to the other. */
export interface Band {
  readonly above: number;
  readonly upTo: number;
}

/** Classification: an answer is the label or it is wrong. */
export const BY_LABEL: Judge = {
  isRight: (label, answer) => label === answer,
  classOf: (text) => text,
  constantAnswer: (labels) => {
    const [most] = [...countBy(labels)].sort(([, a], [, b]) => b - a);
    return most?.[0] ?? '';
  },
};

const BANDS = 5;
/** The tolerance where none is set, as a share of how far values are from their median, typically. */
const SHARE_OF_SPREAD = 0.5;
/** An answer that is missing is in no band. */
const NO_BAND = '';

/** How far an answer may be off: as set, or half the median distance of the values from their median. */
export function toleranceOf(values: readonly number[], tolerance: number | null): number {
  if (tolerance !== null || values.length === 0) return tolerance ?? 0;
  const middle = median(values);
  return SHARE_OF_SPREAD * median(values.map((value) => Math.abs(value - middle)));
}

/** The judge of a project, from labels like those that it is to judge. */
export const judgeFor = (task: Task | null, labels: readonly string[], tolerance: number | null): Judge =>
  task === 'regression' ? byTolerance(labels, tolerance) : BY_LABEL;

/**
 * Regression: an answer is right when it is no further from the truth than the tolerance. Classes are five bands with
 * as many of the labels each, by which one sees where on the scale a model errs.
 *
 * @param labels those that are to be judged on, as texts of values
 */
export function byTolerance(labels: readonly string[], tolerance: number | null): Judge {
  const values = labels.map(valueOf);
  const allowed = toleranceOf(values, tolerance);
  const edges = [...new Set(evenEdges(values, BANDS))].filter(Number.isFinite);
  const middle = median(values);
  return {
    tolerance: allowed,
    isRight: (label, answer) => Math.abs(valueOf(label) - valueOf(answer)) <= allowed,
    classOf: (text) => nameOfBand(valueOf(text), edges),
    bandOf: (name) => bandOfName(name, edges),
    constantAnswer: (judged) => valueText(median(judged.map(valueOf))),
    // An answer that is missing is as good as the one that says nothing.
    errorOf: (label, answer) =>
      Math.abs(valueOf(label) - (Number.isFinite(valueOf(answer)) ? valueOf(answer) : middle)),
  };
}

/** "1: up to 10", "2: up to 12.5", ..., "5: above 20": in code unit order they are in order of value. */
function nameOfBand(value: number, edges: readonly number[]): string {
  if (Number.isNaN(value)) return NO_BAND;
  const band = edges.findIndex((edge) => value <= edge);
  if (band >= 0) return `${band + 1}: up to ${roundedText(edges[band]!)}`;
  return edges.length === 0 ? '1: any' : `${edges.length + 1}: above ${roundedText(edges.at(-1)!)}`;
}

/** Names are rounded, so the number before the colon says which band it is. */
function bandOfName(name: string, edges: readonly number[]): Band | undefined {
  const band = Number(/^(\d):/.exec(name)?.[1]) - 1;
  if (!(band >= 0 && band <= edges.length)) return undefined;
  return { above: edges[band - 1] ?? -Infinity, upTo: edges[band] ?? Infinity };
}
