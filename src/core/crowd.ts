import { alikeModel, type Beliefs, type Coded, dawidSkene, type Fitted, majority, priorOf } from './dawid-skene.js';
import type { InputKind } from './input.js';
import { countBy, sum } from './tally.js';

/** One person's answer to one item. */
export interface CrowdAnswer {
  readonly item: string;
  readonly rater: string;
  readonly label: string;
}

/** A person's latest answer to a sample, and how that stands. */
export interface Answered extends CrowdAnswer {
  readonly role: string;
  readonly preview: string;
  readonly kind: InputKind;
  readonly status: string | null;
  readonly resolved: string | null;
  /** What is likeliest where people say different things, and how probable it is. */
  readonly suggested: string | null;
  readonly belief: number | null;
  /** The suggestion decided, not the majority. */
  readonly isByTrust: boolean;
  /** The sample was drawn at random and verified by a person; who answered may be that person. */
  readonly isGolden: boolean;
}

/** The likeliest label of an item, the first in code unit order of those that are as likely. */
export interface Belief {
  readonly label: string;
  readonly probability: number;
}

export interface CrowdVerdict {
  /** Which of the two was believed: what foretells answers that were held back decides. */
  readonly method: 'majority' | 'dawid-skene';
  /** By item. */
  readonly beliefs: ReadonlyMap<string, Belief>;
  /** By rater: the chance that they give an item's true label, by Dawid and Skene's model whichever is believed. */
  readonly trust: ReadonlyMap<string, number>;
  /** Mean gain in the log likelihood of a held back answer over taking all people alike. */
  readonly gain: number;
}

const FOLDS = 5;
/** With fewer answers an item, matrices foretell answers better and labels worse (bluebirds, 3 an item: .64 against .71). */
const FEWEST_AN_ITEM = 4;
/** One-sided 5 %: Dawid and Skene's method is taken only where its gain is no chance. */
const Z = 1.645;
const SMALLEST = 1e-9;

/**
 * What several people's answers say. The majority is believed, unless Dawid and Skene's model (a confusion matrix for
 * each rater) foretells answers that were held back significantly better than one matrix for all, and there are four
 * answers an item: with fewer it knows people too little. Cost grows with the answers alone, however many people and labels there are.
 * @param truths labels that are known, by item: what people say to those shows best whom to trust
 */
export function judgeCrowd(
  answers: readonly CrowdAnswer[],
  truths: ReadonlyMap<string, string> = new Map(),
): CrowdVerdict {
  const { items, raters, labels, coded } = encode(answers, truths);
  const gains = heldBackGains(coded);
  const mean = sum(gains) / Math.max(1, gains.length);
  const isBetter = hasEnough(coded) && gains.length > 1 && mean > Z * standardError(gains, mean);
  const fitted = dawidSkene(coded, all(coded));
  const beliefs = isBetter ? fitted.beliefs : majority(coded, all(coded));
  const prior = priorOf(fitted.beliefs, coded.labels);
  return {
    method: isBetter ? 'dawid-skene' : 'majority',
    beliefs: new Map(items.map((item, i) => [item, likeliest(beliefs, i, labels)])),
    trust: new Map(raters.map((rater, r) => [rater, trustIn(fitted, r, prior)])),
    gain: mean,
  };
}

/** Whom to believe of those who answered: the same, with golden samples as what is known. */
export function judgeAnswers(answers: readonly Answered[]): CrowdVerdict {
  const golden = answers.filter(({ isGolden }) => isGolden);
  return judgeCrowd(telling(answers), new Map(golden.map(({ item, resolved }) => [item, resolved!])));
}

/** How a person is named in a verdict: in each role they are somebody else. */
export const raterKey = ({ role, rater }: Pick<Answered, 'role' | 'rater'>): string => `${role} ${rater}`;

/**
 * Where only one person spoke there is nothing to tell trust from, unless the truth is known. Annotators' answers to
 * golden items are that truth, so they say nothing of themselves.
 */
function telling(answers: readonly Answered[]): CrowdAnswer[] {
  const counts = countBy(answers.map(({ item }) => item));
  return answers
    .filter(({ item, isGolden, role }) => (isGolden ? role !== 'annotator' : counts.get(item)! > 1))
    .map((answer) => ({ ...answer, rater: raterKey(answer) }));
}

function encode(answers: readonly CrowdAnswer[], truths: ReadonlyMap<string, string>) {
  const items = indexed(answers.map(({ item }) => item));
  const raters = indexed(answers.map(({ rater }) => rater));
  const known = items.distinct.map((item) => truths.get(item));
  const labels = indexed([...answers.map(({ label }) => label), ...known.filter((label) => label !== undefined)]);
  const coded: Coded = {
    items: items.distinct.length,
    raters: raters.distinct.length,
    labels: labels.distinct.length,
    item: items.codes,
    rater: raters.codes,
    label: labels.codes.subarray(0, answers.length),
    truth: Int32Array.from(known, (label) => (label === undefined ? -1 : labels.distinct.indexOf(label))),
  };
  return { items: items.distinct, raters: raters.distinct, labels: labels.distinct, coded };
}

/** Each value as its place among the sorted distinct ones. */
function indexed(values: readonly string[]) {
  const distinct = [...new Set(values)].sort();
  const of = new Map(distinct.map((value, i) => [value, i]));
  return { distinct, codes: Int32Array.from(values, (value) => of.get(value)!) };
}

const all = ({ item }: Coded): Int32Array => Int32Array.from(item.keys());

function hasEnough({ item, truth }: Coded): boolean {
  const open = item.filter((i) => truth[i] === -1).length;
  return open >= FEWEST_AN_ITEM * truth.filter((label) => label < 0).length;
}

function likeliest({ start, label, probability }: Beliefs, i: number, labels: readonly string[]): Belief {
  const own = probability.subarray(start[i], start[i + 1]);
  const best = own.indexOf(Math.max(...own));
  return { label: labels[label[start[i]! + best]!]!, probability: own[best]! };
}

/**
 * For every answer that is held back in turn: how much likelier it is made by the raters' own matrices than by one matrix
 * for all, which tells whether people differ. Answers to items that have no other are of no use.
 */
function heldBackGains(coded: Coded): number[] {
  const { item, rater } = coded;
  return Array.from({ length: FOLDS }, (_, fold) => fold).flatMap((fold) => {
    // Neither all answers of a rater nor all to an item are held back at once.
    const isHeldBack = (a: number): boolean => (item[a]! + rater[a]!) % FOLDS === fold;
    const given = all(coded).filter((a) => !isHeldBack(a));
    const known = new Set(Array.from(given, (a) => item[a]!));
    const [own, alike] = [dawidSkene(coded, given), alikeModel(coded, given)];
    const heldBack = [...all(coded)].filter((a) => isHeldBack(a) && known.has(item[a]!));
    return heldBack.map((a) => Math.log(likelihood(own, coded, a) / likelihood(alike, coded, a)));
  });
}

function likelihood({ beliefs, confusion }: Fitted, { item, rater, label }: Coded, a: number): number {
  let total = SMALLEST;
  for (let at = beliefs.start[item[a]!]!; at < beliefs.start[item[a]! + 1]!; at += 1) {
    total += beliefs.probability[at]! * confusion(rater[a]!, beliefs.label[at]!, label[a]!);
  }
  return total;
}

/** Chance that the rater says what is true, over the labels as they are believed to occur. */
const trustIn = ({ confusion }: Fitted, r: number, prior: Float64Array): number =>
  prior.reduce((total, p, truth) => total + p * confusion(r, truth, truth), 0);

function standardError(values: readonly number[], mean: number): number {
  const squares = sum(values.map((value) => (value - mean) ** 2));
  return Math.sqrt(squares / (values.length - 1) / values.length);
}
