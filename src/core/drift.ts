import { evenEdges } from './errors-of-values.js';
import { normalTail } from './normal.js';
import { holmRejects } from './paired-test.js';
import { sum } from './tally.js';
import { roundedText, valueOf } from './task.js';

/** How often each value of something occurred before and lately. */
export interface Counts {
  /** What was counted, such as "predicted label" or "attribute channel". */
  readonly what: string;
  readonly before: ReadonlyMap<string, number>;
  readonly lately: ReadonlyMap<string, number>;
}

export interface Drift {
  readonly what: string;
  /** Population stability index: below .1 little, above .25 much. */
  readonly index: number;
  /** Chance of as much by chance alone. */
  readonly p: number;
  /** It is no chance, and it is no trifle. */
  readonly isAlarm: boolean;
  /** The values whose share changed most. */
  readonly values: readonly { readonly value: string; readonly before: number; readonly lately: number }[];
}

/** Chance of even one false alarm among all that is looked at. */
const ALPHA = 0.01;
/** Less than this is customarily no drift. */
const LEAST_INDEX = 0.1;
/** Rarer values are counted together: the test needs a few of each. */
const FEWEST_EXPECTED = 5;
const SHOWN = 5;
const OTHERS = 'all others';
/** More different numbers than this are a scale, not names. */
const MOST_NUMBERS = 20;
const TENTHS = 10;

/**
 * What has changed, the largest change first. An alarm is significant by Holm's procedure over all that is looked at.
 * What has too few before or lately to tell even one value from the others is left out.
 */
export function driftsOf(counts: readonly Counts[]): Drift[] {
  const found = counts
    .map(inBands)
    .map(driftOf)
    .filter((drift) => drift !== undefined);
  const significant = holmRejects(
    found.map(({ p }) => p),
    ALPHA,
  );
  return found
    .map((drift, i) => ({ ...drift, isAlarm: significant.has(i) && drift.index >= LEAST_INDEX }))
    .sort((a, b) => b.index - a.index || (a.what < b.what ? -1 : 1));
}

/** Of many different numbers, how many lie in each tenth of what there was before: one by one they are all rare. */
function inBands({ what, before, lately }: Counts): Counts {
  const texts = new Set([...before.keys(), ...lately.keys()]);
  if (texts.size <= MOST_NUMBERS || [...texts].some((text) => !Number.isFinite(valueOf(text))))
    return { what, before, lately };
  const known = [...before].flatMap(([text, count]) => Array<number>(count).fill(valueOf(text)));
  const edges = evenEdges(known, TENTHS);
  const bandOf = (text: string): string => {
    const edge = edges.find((one) => valueOf(text) <= one);
    return edge === undefined ? `above ${roundedText(edges.at(-1)!)}` : `up to ${roundedText(edge)}`;
  };
  const banded = (counts: ReadonlyMap<string, number>): Map<string, number> => {
    const sums = new Map<string, number>();
    for (const [text, count] of counts) sums.set(bandOf(text), (sums.get(bandOf(text)) ?? 0) + count);
    return sums;
  };
  return { what, before: banded(before), lately: banded(lately) };
}

function driftOf({ what, before, lately }: Counts): Omit<Drift, 'isAlarm'> | undefined {
  const [ofBefore, ofLately] = [sum(before.values()), sum(lately.values())];
  if (ofBefore === 0 || ofLately === 0) return undefined;
  const rows = pooled(before, lately);
  if (rows.every(({ value }) => value === OTHERS)) return undefined;
  // Half a sample more of each keeps the logarithm of a value that is new or gone finite.
  const share = (count: number, all: number): number => (count + 0.5) / (all + rows.length / 2);
  const index = sum(
    rows.map((row) => {
      const [a, b] = [share(row.before, ofBefore), share(row.lately, ofLately)];
      return (b - a) * Math.log(b / a);
    }),
  );
  const shares = rows.map(({ value, ...row }) => ({
    value,
    before: row.before / ofBefore,
    lately: row.lately / ofLately,
  }));
  const change = ({ before: a, lately: b }: { before: number; lately: number }): number => Math.abs(b - a);
  const values = shares.sort((a, b) => change(b) - change(a)).slice(0, SHOWN);
  return { what, index, p: pOf(rows, ofBefore, ofLately), values };
}

interface Row {
  readonly value: string;
  readonly before: number;
  readonly lately: number;
}

/** By value; those of which too few are expected on the smaller side are one row. */
function pooled(before: ReadonlyMap<string, number>, lately: ReadonlyMap<string, number>): Row[] {
  const [ofBefore, ofLately] = [sum(before.values()), sum(lately.values())];
  const least = Math.min(ofBefore, ofLately) / (ofBefore + ofLately);
  const values = [...new Set([...before.keys(), ...lately.keys()])].sort();
  const rows = values.map((value) => ({ value, before: before.get(value) ?? 0, lately: lately.get(value) ?? 0 }));
  const isCommon = (row: Row): boolean => (row.before + row.lately) * least >= FEWEST_EXPECTED;
  const rare = rows.filter((row) => !isCommon(row));
  if (rare.length === 0) return rows;
  const others = {
    value: OTHERS,
    before: sum(rare.map((row) => row.before)),
    lately: sum(rare.map((row) => row.lately)),
  };
  return [...rows.filter(isCommon), others];
}

/** Pearson's chi-squared test that both sides were drawn alike; 1 where there is but one value. */
function pOf(rows: readonly Row[], ofBefore: number, ofLately: number): number {
  if (rows.length < 2) return 1;
  const all = ofBefore + ofLately;
  const statistic = sum(
    rows.map(({ before, lately }) => {
      const [a, b] = [((before + lately) * ofBefore) / all, ((before + lately) * ofLately) / all];
      return (before - a) ** 2 / a + (lately - b) ** 2 / b;
    }),
  );
  return chiSquaredTail(statistic, rows.length - 1);
}

/** P(X >= x) for X chi-squared, by the cube root that is nearly normal (Wilson and Hilferty 1931). */
export function chiSquaredTail(x: number, degrees: number): number {
  const spread = 2 / (9 * degrees);
  return normalTail((Math.cbrt(x / degrees) - 1 + spread) / Math.sqrt(spread));
}
