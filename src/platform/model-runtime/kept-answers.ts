import { atTemperature, type Said } from '../../core/calibration.js';
import type { Input } from '../../core/input.js';
import type { SnapshotSample } from '../../core/manifest.js';
import { largestOf } from '../../core/tally.js';

/** Beside the model and not one of its files: what its run was told about its samples, for the next run. */
export const ANSWERS = 'answers.json';

/** What models that had not seen the samples say about them, by sample. */
export interface Told {
  readonly answers: readonly Said[];
  /** Indexes of those that came or changed since models were learnt to tell: of what came the parent was asked. */
  readonly since: readonly number[];
  /** Indexes of those whose label no model knew that could have been asked: it is believed. */
  readonly believed: readonly number[];
  /** Those models learnt nothing doubtful, as that made them better. */
  readonly isCleaned: boolean;
}

/** What is to be learnt is known before labels are judged: none is left out where leaving out made nothing better. */
export const leavesNothingOut = (told: Told | undefined): told is Told => told?.isCleaned === false;

/** `answers.json`: of each answer the likeliest labels, which is all that judging looks at. */
export interface KeptAnswers extends Omit<Told, 'answers'> {
  readonly labels: readonly string[];
  /** Of the model: what its sums were divided by. */
  readonly temperature: number;
  /** The youngest revision among the samples: what is younger the model has not seen. */
  readonly upTo: string;
  readonly ids: readonly string[];
  /** Of each sample as many labels by index as of every other one, the likeliest first. */
  readonly likeliest: readonly number[];
  /** Their probabilities, before the temperature. */
  readonly probabilities: readonly number[];
}

/** What `answers.json` says; undefined for one of before 2026-11-27, which does not say what came or changed since. */
export function readKept(json: string): KeptAnswers | undefined {
  const kept = JSON.parse(json) as KeptAnswers;
  // Those of before new labels were believed have none.
  return 'since' in kept ? { ...kept, believed: kept.believed ?? [] } : undefined;
}

/** Of a model, to inputs: the probability of every label, at its temperature. */
type Ask = (inputs: readonly Input[]) => Promise<readonly { readonly scores: Readonly<Record<string, number>> }[]>;

const LIKELIEST = 8;
const DIGITS = 1e5;
/** With more samples that no model was learnt for, all are judged anew. */
const MOST_TOPPED_UP = 0.1;

/** @param labels of the model, by which answers name them */
export function keepAnswers(
  labels: readonly string[],
  samples: readonly Pick<SnapshotSample, 'sampleId' | 'revision'>[],
  { answers, ...told }: Told,
  temperature: number,
): KeptAnswers {
  const most = Math.min(LIKELIEST, labels.length);
  const likeliest = answers.map(({ probabilities }) => largestOf(probabilities, most));
  return {
    ...told,
    labels,
    temperature,
    upTo: String(samples.reduce((latest, { revision }) => max(latest, BigInt(revision)), 0n)),
    ids: samples.map(({ sampleId }) => sampleId),
    likeliest: likeliest.flat(),
    probabilities: likeliest.flatMap((own, i) => own.map((c) => rounded(answers[i]!.probabilities[c]!))),
  };
}

/**
 * Answers to samples of which nearly all were told in the parent's run, without learning anything: those stand, and what is
 * younger than the parent the parent itself has not seen; nearly the same as an older one it may be, which answers for it.
 * A label that is new to the parent is believed: it would doubt all that have it.
 * Undefined where labels have gone, something was left out of the parent's samples, or too much came or changed since
 * all were judged.
 */
export async function toldBefore(
  samples: readonly SnapshotSample[],
  labels: readonly string[],
  kept: KeptAnswers,
  askParent: Ask,
): Promise<Told | undefined> {
  const columns = new Map(labels.map((label, c) => [label, c]));
  const rows = rowsOf(samples, kept);
  const fresh = samples.filter(({ sampleId }) => !rows.byId.has(sampleId));
  const upTo = BigInt(kept.upTo);
  const isYoung = ({ revision }: SnapshotSample): boolean => BigInt(revision) > upTo;
  const isUnseen = fresh.every(isYoung);
  const since = indexesOf(samples, isYoung, rows.idsAt(kept.since));
  const areTooMany = since.length > MOST_TOPPED_UP * samples.length;
  const haveGone = kept.labels.some((label) => !columns.has(label));
  if (haveGone || !isUnseen || areTooMany) return undefined;

  const known = new Set(kept.labels);
  const believed = new Set(indexesOf(samples, ({ label }) => !known.has(label), rows.idsAt(kept.believed)));
  const alone = [...samples.keys()].filter((i) => !believed.has(i) && !rows.hasAnswer(samples[i]!));
  const said = await askParent(alone.map((i) => samples[i]!.input));
  const ofAlone = new Map(alone.map((i, at) => [i, said[at]!.scores]));
  const restored = restorer(kept, columns);
  const answers = samples.map((sample, i): Said => {
    const scores = ofAlone.get(i);
    const target = columns.get(sample.label)!;
    if (believed.has(i)) return { probabilities: certain(target, labels.length), target };
    if (!scores) return { probabilities: restored(rows.of(sample)), target };
    const calibrated = labels.map((label) => scores[label] ?? 0);
    return { probabilities: atTemperature(calibrated, 1 / kept.temperature), target };
  });
  return { answers, since, believed: [...believed], isCleaned: kept.isCleaned };
}

/** Of the samples that are such or that were among those before. */
const indexesOf = (
  samples: readonly SnapshotSample[],
  isSuch: (sample: SnapshotSample) => boolean,
  before: ReadonlySet<string>,
): number[] => [...samples.keys()].filter((i) => isSuch(samples[i]!) || before.has(samples[i]!.sampleId));

/** Where the answers of samples are kept: their own, or that of another one of their group. */
function rowsOf(samples: readonly SnapshotSample[], { ids }: KeptAnswers) {
  const byId = new Map(ids.map((id, row) => [id, row]));
  const known = samples.filter(({ sampleId }) => byId.has(sampleId));
  const byGroup = new Map(known.map(({ groupHash, sampleId }) => [groupHash, byId.get(sampleId)!]));
  const hasAnswer = ({ sampleId, groupHash }: SnapshotSample): boolean => byId.has(sampleId) || byGroup.has(groupHash);
  const of = ({ sampleId, groupHash }: SnapshotSample): number => byId.get(sampleId) ?? byGroup.get(groupHash)!;
  const idsAt = (some: readonly number[]): Set<string> => new Set(some.map((row) => ids[row]!));
  return { byId, hasAnswer, of, idsAt };
}

/** All probability on one label. */
function certain(label: number, labels: number): Float32Array {
  const all = new Float32Array(labels);
  all[label] = 1;
  return all;
}

/** The answer that a row keeps, in these columns. What its likeliest labels leave is shared evenly by the others it knew. */
function restorer({ labels, ids, likeliest, probabilities }: KeptAnswers, columns: ReadonlyMap<string, number>) {
  const most = likeliest.length / ids.length;
  const own = labels.map((label) => columns.get(label)!);
  return (row: number): Float32Array => {
    const best = probabilities.slice(row * most, (row + 1) * most);
    const rest = Math.max(0, 1 - best.reduce((sum, p) => sum + p, 0));
    const all = new Float32Array(columns.size);
    for (const column of own) all[column] = rest / Math.max(1, labels.length - most);
    best.forEach((p, i) => (all[own[likeliest[row * most + i]!]!] = p));
    return all;
  };
}

const rounded = (probability: number): number => Math.round(probability * DIGITS) / DIGITS;
const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);
