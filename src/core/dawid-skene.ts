import { sum } from './tally.js';

/** People's answers as numbers, answer by answer. */
export interface Coded {
  readonly items: number;
  readonly raters: number;
  readonly labels: number;
  readonly item: Int32Array;
  readonly rater: Int32Array;
  readonly label: Int32Array;
  /** Of each item the label that is known to be true, -1 where none is. */
  readonly truth: Int32Array;
}

/** How probable each label of an item is. Only labels that somebody said of it are thought possible, or the one known. */
export interface Beliefs {
  /** Where an item's labels begin in the two lists; one number more than there are items. */
  readonly start: Int32Array;
  readonly label: Int32Array;
  readonly probability: Float64Array;
}

/** The chance that this rater says `said` where `truth` is true. */
export type Confusion = (rater: number, truth: number, said: number) => number;

export interface Fitted {
  readonly beliefs: Beliefs;
  readonly confusion: Confusion;
}

const ROUNDS = 50;
const CONVERGED = 1e-4;
/** Each rater is believed to confuse labels as all do, as strongly as by so many answers. */
const PRIOR_ANSWERS = 2;

/**
 * The labels of items and who confuses which of them, found in turns (expectation and maximisation), from the majority on,
 * until beliefs move no more. A. P. Dawid and A. M. Skene, Maximum Likelihood Estimation of Observer Error-Rates Using
 * the EM Algorithm (1979); each rater's matrix is drawn towards that of all by {@link PRIOR_ANSWERS}.
 * @param given which answers are known, as indices
 */
export function dawidSkene(coded: Coded, given: Int32Array): Fitted {
  return fit(coded, given, PRIOR_ANSWERS);
}

/** The same where all who answer share one matrix: nobody is believed more than another. */
export function alikeModel(coded: Coded, given: Int32Array): Fitted {
  return fit(coded, given, Infinity);
}

/** Share of the answers to an item that each label has; all of it where the truth is known. */
export function majority({ items, item, label, truth }: Coded, given: Int32Array): Beliefs {
  const votes = Array.from({ length: items }, (_, i) => new Map<number, number>(truth[i]! < 0 ? [] : [[truth[i]!, 1]]));
  for (const a of given) {
    const of = votes[item[a]!]!;
    if (truth[item[a]!]! < 0) of.set(label[a]!, (of.get(label[a]!) ?? 0) + 1);
  }
  const sorted = votes.map((of) => [...of].sort(([a], [b]) => a - b));
  const start = new Int32Array(items + 1);
  sorted.forEach((of, i) => (start[i + 1] = start[i]! + of.length));
  return {
    start,
    label: Int32Array.from(sorted.flatMap((of) => of.map(([said]) => said))),
    probability: Float64Array.from(
      sorted.flatMap((of) => {
        const total = sum(of.map(([, count]) => count));
        return of.map(([, count]) => count / total);
      }),
    ),
  };
}

/** @param strength as how many answers of each rater the matrix of all counts */
function fit(coded: Coded, given: Int32Array, strength: number): Fitted {
  let beliefs = majority(coded, given);
  const confusions = new Confusions(coded, given, beliefs, strength);
  confusions.count(beliefs.probability);
  for (let round = 0; round < ROUNDS; round += 1) {
    const next = confusions.believe(beliefs, priorOf(beliefs, coded.labels));
    const moved = next.some((p, i) => Math.abs(p - beliefs.probability[i]!) > CONVERGED);
    beliefs = { ...beliefs, probability: next };
    confusions.count(next);
    if (!moved) break;
  }
  return { beliefs, confusion: confusions.ofRater };
}

/** How often each label occurs, as it is believed; one more of each. */
export function priorOf({ label, probability }: Beliefs, labels: number): Float64Array {
  const prior = new Float64Array(labels).fill(1);
  label.forEach((truth, at) => (prior[truth]! += probability[at]!));
  const total = sum(prior);
  return prior.map((count) => count / total);
}

/** In place, of the part from `start` to before `end`. */
function softmax(logs: Float64Array, start: number, end: number): void {
  let most = -Infinity;
  for (let c = start; c < end; c += 1) most = Math.max(most, logs[c]!);
  let total = 0;
  for (let c = start; c < end; c += 1) total += Math.exp(logs[c]! - most);
  for (let c = start; c < end; c += 1) logs[c] = Math.exp(logs[c]! - most) / total;
}

/** Counts by key, of only those keys that occur: people and labels may be many. */
class SparseCounts {
  private readonly places = new Map<number, number>();
  counts = new Float64Array(0);

  /** Where this key is counted; before the first count. */
  place(key: number): number {
    const place = this.places.get(key) ?? this.places.size;
    this.places.set(key, place);
    return place;
  }

  reset(): void {
    this.counts = new Float64Array(this.places.size);
  }

  get(key: number): number {
    return this.counts[this.places.get(key) ?? -1] ?? 0;
  }
}

/** What one answer says of one label that its item may have. */
interface Pair {
  /** Which of the beliefs. */
  readonly at: number;
  readonly truth: number;
  /** Where this rater's answer and that of all are counted, if it is true. */
  readonly own: number;
  readonly pooled: number;
  readonly raterAndTruth: number;
}

/** Who says what where which label is believed. */
class Confusions {
  private readonly pairs: readonly Pair[];
  private readonly own = new SparseCounts();
  private readonly pooled = new SparseCounts();
  private readonly ownTotal: Float64Array;
  private readonly pooledTotal: Float64Array;

  constructor(
    private readonly coded: Coded,
    given: Int32Array,
    { start, label }: Beliefs,
    private readonly strength: number,
  ) {
    const { labels, item, rater } = coded;
    this.ownTotal = new Float64Array(coded.raters * labels);
    this.pooledTotal = new Float64Array(labels);
    this.pairs = [...given].flatMap((a) =>
      Array.from(label.subarray(start[item[a]!], start[item[a]! + 1]), (truth, c) => {
        const raterAndTruth = rater[a]! * labels + truth;
        return {
          at: start[item[a]!]! + c,
          truth,
          own: this.own.place(raterAndTruth * labels + coded.label[a]!),
          pooled: this.pooled.place(truth * labels + coded.label[a]!),
          raterAndTruth,
        };
      }),
    );
  }

  /** Counts anew what was said, as far as each label is believed. */
  count(probability: Float64Array): void {
    this.own.reset();
    this.pooled.reset();
    this.ownTotal.fill(0);
    this.pooledTotal.fill(0);
    for (const { at, truth, own, pooled, raterAndTruth } of this.pairs) {
      const p = probability[at]!;
      this.own.counts[own]! += p;
      this.pooled.counts[pooled]! += p;
      this.ownTotal[raterAndTruth]! += p;
      this.pooledTotal[truth]! += p;
    }
  }

  /** How probable the labels of all items are, given whom to believe. */
  believe({ start, label }: Beliefs, prior: Float64Array): Float64Array {
    const logs = Float64Array.from(label, (truth) => Math.log(prior[truth]!));
    for (const { at, truth, own, pooled, raterAndTruth } of this.pairs) {
      const all = this.drawn(this.pooled.counts[pooled]!, truth);
      logs[at]! += Math.log(this.drawnToAll(all, this.own.counts[own]!, raterAndTruth));
    }
    for (let i = 0; i + 1 < start.length; i += 1) softmax(logs, start[i]!, start[i + 1]!);
    return logs;
  }

  /** Of all raters together. */
  private ofAll(truth: number, said: number): number {
    return this.drawn(this.pooled.get(truth * this.coded.labels + said), truth);
  }

  readonly ofRater: Confusion = (rater, truth, said) => {
    const raterAndTruth = rater * this.coded.labels + truth;
    const own = this.own.get(raterAndTruth * this.coded.labels + said);
    return this.drawnToAll(this.ofAll(truth, said), own, raterAndTruth);
  };

  /** A little of every confusion is always thought possible. */
  private drawn(count: number, truth: number): number {
    return (1 / this.coded.labels + count) / (1 + this.pooledTotal[truth]!);
  }

  private drawnToAll(all: number, own: number, raterAndTruth: number): number {
    if (this.strength === Infinity) return all;
    return (this.strength * all + own) / (this.strength + this.ownTotal[raterAndTruth]!);
  }
}
