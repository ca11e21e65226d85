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
  /** Those models learnt nothing doubtful, as that made them better. */
  readonly isCleaned: boolean;
}

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
  return 'since' in kept ? kept : undefined;
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
  samples: readonly SnapshotSample[],
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
 * Undefined where labels have come or gone, something was left out of the parent's samples, or too much came or
 * changed since all were judged.
 */
export async function toldBefore(
  samples: readonly SnapshotSample[],
  labels: readonly string[],
  kept: KeptAnswers,
  askParent: Ask,
): Promise<Told | undefined> {
  const rows = rowsOf(samples, kept);
  const fresh = samples.filter(({ sampleId }) => !rows.byId.has(sampleId));
  const isYoung = ({ revision }: SnapshotSample): boolean => BigInt(revision) > BigInt(kept.upTo);
  const isUnseen = fresh.every(isYoung);
  const before = new Set(kept.since.map((row) => kept.ids[row]));
  const since = [...samples.keys()].filter((i) => isYoung(samples[i]!) || before.has(samples[i]!.sampleId));
  const areTooMany = since.length > MOST_TOPPED_UP * samples.length;
  if (!areSame(labels, kept.labels) || !isUnseen || areTooMany) return undefined;

  const alone = fresh.filter(({ groupHash }) => !rows.byGroup.has(groupHash));
  const said = await askParent(alone.map(({ input }) => input));
  const ofAlone = new Map(alone.map(({ sampleId }, i) => [sampleId, said[i]!.scores]));
  const columns = new Map(labels.map((label, c) => [label, c]));
  const answers = samples.map((sample): Said => {
    const scores = ofAlone.get(sample.sampleId);
    const target = columns.get(sample.label)!;
    if (!scores) return { probabilities: restored(kept, rows.of(sample)), target };
    const calibrated = labels.map((label) => scores[label]!);
    return { probabilities: atTemperature(calibrated, 1 / kept.temperature), target };
  });
  return { answers, since, isCleaned: kept.isCleaned };
}

/** Where the answers of samples are kept: their own, or that of another one of their group. */
function rowsOf(samples: readonly SnapshotSample[], { ids }: KeptAnswers) {
  const byId = new Map(ids.map((id, row) => [id, row]));
  const known = samples.filter(({ sampleId }) => byId.has(sampleId));
  const byGroup = new Map(known.map(({ groupHash, sampleId }) => [groupHash, byId.get(sampleId)!]));
  const of = ({ sampleId, groupHash }: SnapshotSample): number => byId.get(sampleId) ?? byGroup.get(groupHash)!;
  return { byId, byGroup, of };
}

const areSame = (some: readonly string[], others: readonly string[]): boolean =>
  some.length === others.length && some.every((label, i) => label === others[i]);

/** The rest of the probability is shared evenly. */
function restored({ labels, ids, likeliest, probabilities }: KeptAnswers, row: number): Float32Array {
  const most = likeliest.length / ids.length;
  const own = probabilities.slice(row * most, (row + 1) * most);
  const rest = Math.max(0, 1 - own.reduce((sum, p) => sum + p, 0));
  const all = new Float32Array(labels.length).fill(rest / Math.max(1, labels.length - most));
  own.forEach((p, i) => (all[likeliest[row * most + i]!] = p));
  return all;
}

const rounded = (probability: number): number => Math.round(probability * DIGITS) / DIGITS;
const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);
