import { sum } from './tally.js';

/** One person's answer to one item. */
export interface CrowdAnswer {
  readonly item: string;
  readonly rater: string;
  readonly label: string;
}

export interface CrowdVerdict {
  readonly labels: readonly string[];
  /** Which of the two was believed: what foretells answers that were held back decides. */
  readonly method: 'majority' | 'dawid-skene';
  /** By item: how probable each label is, in the order of `labels`. */
  readonly beliefs: ReadonlyMap<string, Float64Array>;
  /** By rater: the chance that they give an item's true label, by Dawid and Skene's model whichever is believed. */
  readonly trust: ReadonlyMap<string, number>;
  /** Mean gain in the log likelihood of a held back answer by Dawid and Skene's method over the majority. */
  readonly gain: number;
}

const ROUNDS = 50;
const CONVERGED = 1e-4;
/** Each rater is believed to be right as often as all are, as strongly as by so many answers. */
const PRIOR_ANSWERS = 2;
const FOLDS = 5;
/** With fewer answers an item, matrices foretell answers better and labels worse (bluebirds, 3 an item: .64 against .71). */
const FEWEST_AN_ITEM = 4;
/** One-sided 5 %: Dawid and Skene's method is taken only where its gain is no chance. */
const Z = 1.645;
const SMALLEST = 1e-9;

interface Coded {
  readonly labels: readonly string[];
  readonly items: readonly string[];
  readonly raters: readonly string[];
  readonly item: Int32Array;
  readonly rater: Int32Array;
  readonly label: Int32Array;
  /** Of each item the label that is known to be true, -1 where none is. */
  readonly truth: Int32Array;
}

/** Whom a model of the raters believes: the chance that rater r says label b where a is true, at [(r * L + a) * L + b]. */
interface Fitted {
  readonly beliefs: Float64Array[];
  readonly confusion: Float64Array;
}

/**
 * What several people's answers say. The majority is believed, unless Dawid and Skene's model (1979: a confusion matrix
 * for each rater and the items' labels, found in turns) foretells answers that were held back significantly better and
 * there are four answers an item: with fewer it knows people too little. Labels and ties in code unit order.
 * @param truths labels that are known, by item: what people say to those shows best whom to trust
 */
export function judgeCrowd(
  answers: readonly CrowdAnswer[],
  truths: ReadonlyMap<string, string> = new Map(),
): CrowdVerdict {
  const coded = encode(answers, truths);
  const gains = heldBackGains(coded);
  const mean = sum(gains) / Math.max(1, gains.length);
  const isOpen = (i: number): boolean => coded.truth[i] === -1;
  const isEnough = coded.item.filter(isOpen).length >= FEWEST_AN_ITEM * coded.truth.filter((truth) => truth < 0).length;
  const isBetter = isEnough && gains.length > 1 && mean > Z * standardError(gains, mean);
  const fitted = dawidSkene(coded, all(coded));
  const beliefs = isBetter ? fitted.beliefs : shares(coded, all(coded));
  return {
    labels: coded.labels,
    method: isBetter ? 'dawid-skene' : 'majority',
    beliefs: new Map(coded.items.map((item, i) => [item, beliefs[i]!])),
    trust: new Map(coded.raters.map((rater, r) => [rater, trustIn(fitted, r, coded)])),
    gain: mean,
  };
}

/** The likeliest label of an item and how probable it is. */
export function believed(labels: readonly string[], beliefs: Float64Array): { label: string; probability: number } {
  const best = beliefs.indexOf(Math.max(...beliefs));
  return { label: labels[best]!, probability: beliefs[best]! };
}

function encode(answers: readonly CrowdAnswer[], truths: ReadonlyMap<string, string>): Coded {
  const indexed = (values: readonly string[]) => {
    const distinct = [...new Set(values)].sort();
    const of = new Map(distinct.map((value, i) => [value, i]));
    return { distinct, codes: Int32Array.from(values, (value) => of.get(value)!) };
  };
  const items = indexed(answers.map(({ item }) => item));
  const raters = indexed(answers.map(({ rater }) => rater));
  const known = items.distinct.map((item) => truths.get(item));
  const labels = indexed([...answers.map(({ label }) => label), ...known.filter((label) => label !== undefined)]);
  return {
    labels: labels.distinct,
    items: items.distinct,
    raters: raters.distinct,
    item: items.codes,
    rater: raters.codes,
    label: labels.codes.subarray(0, answers.length),
    truth: Int32Array.from(known, (label) => (label === undefined ? -1 : labels.distinct.indexOf(label))),
  };
}

const all = ({ item }: Coded): Int32Array => Int32Array.from(item.keys());

/** Share of the answers to an item that each label has; all of it where the truth is known. */
function shares(coded: Coded, given: Int32Array): Float64Array[] {
  const { labels, items, item, label } = coded;
  const beliefs = items.map(() => new Float64Array(labels.length));
  for (const a of given) beliefs[item[a]!]![label[a]!]! += 1;
  return beliefs.map(normalise).map((row, i) => certain(row, coded.truth[i]!));
}

const certain = (row: Float64Array, truth: number): Float64Array =>
  truth < 0 ? row : row.map((_, c) => Number(c === truth));

/** Expectation and maximisation in turns, from the majority on, until beliefs move no more. */
function dawidSkene(coded: Coded, given: Int32Array): Fitted {
  let beliefs = shares(coded, given);
  let confusion = confusionOf(coded, given, beliefs);
  for (let round = 0; round < ROUNDS; round += 1) {
    const next = believe(coded, given, confusion, priorOf(beliefs, coded));
    const moved = next.some((row, i) => row.some((p, c) => Math.abs(p - beliefs[i]![c]!) > CONVERGED));
    beliefs = next;
    confusion = confusionOf(coded, given, beliefs);
    if (!moved) break;
  }
  return { beliefs, confusion };
}

function priorOf(beliefs: readonly Float64Array[], { labels }: Coded): Float64Array {
  const prior = new Float64Array(labels.length).fill(1);
  for (const row of beliefs) row.forEach((p, c) => (prior[c]! += p));
  return normalise(prior);
}

/** Each rater's confusion matrix, drawn towards that of all raters together by {@link PRIOR_ANSWERS}. */
function confusionOf(coded: Coded, given: Int32Array, beliefs: readonly Float64Array[]): Float64Array {
  const { labels, raters, item, rater, label } = coded;
  const L = labels.length;
  const pooled = pooledConfusion(coded, given, beliefs);
  const confusion = new Float64Array(raters.length * L * L);
  for (let r = 0; r < raters.length; r += 1) {
    for (let cell = 0; cell < L * L; cell += 1) confusion[r * L * L + cell] = PRIOR_ANSWERS * pooled[cell]!;
  }
  for (const a of given) {
    const row = beliefs[item[a]!]!;
    for (let truth = 0; truth < L; truth += 1) confusion[(rater[a]! * L + truth) * L + label[a]!]! += row[truth]!;
  }
  return normaliseRows(confusion, L);
}

function pooledConfusion(
  { labels, item, label }: Coded,
  given: Int32Array,
  beliefs: readonly Float64Array[],
): Float64Array {
  const L = labels.length;
  const pooled = new Float64Array(L * L).fill(1 / L);
  for (const a of given) {
    const row = beliefs[item[a]!]!;
    for (let truth = 0; truth < L; truth += 1) pooled[truth * L + label[a]!]! += row[truth]!;
  }
  return normaliseRows(pooled, L);
}

function believe(coded: Coded, given: Int32Array, confusion: Float64Array, prior: Float64Array): Float64Array[] {
  const { labels, items, item, rater, label } = coded;
  const L = labels.length;
  const logs = items.map(() => prior.map(Math.log));
  for (const a of given) {
    const row = logs[item[a]!]!;
    for (let truth = 0; truth < L; truth += 1) {
      row[truth]! += Math.log(Math.max(SMALLEST, confusion[(rater[a]! * L + truth) * L + label[a]!]!));
    }
  }
  return logs.map((row, i) => {
    const most = Math.max(...row);
    return certain(normalise(row.map((log) => Math.exp(log - most))), coded.truth[i]!);
  });
}

/**
 * For every answer that is held back in turn: how much likelier it is made by the raters' own matrices than by one matrix
 * for all and the majority. Answers to items that have no other are of no use.
 */
function heldBackGains(coded: Coded): number[] {
  const { labels, item, rater, label } = coded;
  const L = labels.length;
  const gains: number[] = [];
  for (let fold = 0; fold < FOLDS; fold += 1) {
    // Neither all answers of a rater nor all to an item are held back at once.
    const isHeldBack = (a: number): boolean => (item[a]! + rater[a]!) % FOLDS === fold;
    const given = all(coded).filter((a) => !isHeldBack(a));
    const known = new Set(Array.from(given, (a) => item[a]!));
    const own = dawidSkene(coded, given);
    const majority = shares(coded, given);
    const pooled = pooledConfusion(coded, given, majority);
    for (const a of all(coded)) {
      if (!isHeldBack(a) || !known.has(item[a]!)) continue;
      const ownLikelihood = likelihood(own.beliefs[item[a]!]!, own.confusion, rater[a]! * L * L, label[a]!);
      gains.push(Math.log(ownLikelihood / likelihood(majority[item[a]!]!, pooled, 0, label[a]!)));
    }
  }
  return gains;
}

function likelihood(beliefs: Float64Array, confusion: Float64Array, from: number, label: number): number {
  let sum = SMALLEST;
  beliefs.forEach((p, truth) => (sum += p * confusion[from + truth * beliefs.length + label]!));
  return sum;
}

/** Chance that the rater says what is true, over the labels as they are believed to occur. */
function trustIn({ beliefs, confusion }: Fitted, r: number, coded: Coded): number {
  const L = coded.labels.length;
  return priorOf(beliefs, coded).reduce((sum, p, truth) => sum + p * confusion[(r * L + truth) * L + truth]!, 0);
}

function standardError(values: readonly number[], mean: number): number {
  const squares = sum(values.map((value) => (value - mean) ** 2));
  return Math.sqrt(squares / (values.length - 1) / values.length);
}

function normalise(row: Float64Array): Float64Array {
  const total = sum(row);
  if (total > 0) row.forEach((p, c) => (row[c] = p / total));
  return row;
}

function normaliseRows(matrix: Float64Array, width: number): Float64Array {
  for (let at = 0; at < matrix.length; at += width) normalise(matrix.subarray(at, at + width));
  return matrix;
}
