import { atTemperature, type Said } from '../../core/calibration.js';
import type { SnapshotSample } from '../../core/manifest.js';
import type { ServedModel } from './types.js';

/** Beside the model and not one of its files: what its run was told about its samples, for the next run. */
export const ANSWERS = 'answers.json';

/** What models that had not seen the samples say about them, by sample. */
export interface Told {
  readonly answers: readonly Said[];
  /** How many were told by models learnt for that; of the others, which came later, the parent was asked. */
  readonly outOfFold: number;
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
  const likeliest = answers.map(({ probabilities }) => likeliestOf(probabilities, most));
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
 * younger than the parent the parent itself has not seen. Undefined where labels have come or gone, something was left out
 * of the parent's samples, or too much came since all were judged.
 */
export async function toldBefore(
  samples: readonly SnapshotSample[],
  labels: readonly string[],
  kept: KeptAnswers,
  parent: ServedModel,
): Promise<Told | undefined> {
  const rows = new Map(kept.ids.map((id, row) => [id, row]));
  const fresh = samples.filter(({ sampleId }) => !rows.has(sampleId));
  const isUnseen = fresh.every(({ revision }) => BigInt(revision) > BigInt(kept.upTo));
  const isTold = samples.length - kept.outOfFold <= MOST_TOPPED_UP * samples.length;
  if (labels.join('\n') !== kept.labels.join('\n') || !isUnseen || !isTold) return undefined;

  const columns = new Map(labels.map((label, c) => [label, c]));
  const answers = await parent.predict(fresh.map(({ input }) => input));
  const ofFresh = new Map(fresh.map(({ sampleId }, i) => [sampleId, answers[i]!.scores]));
  const probabilitiesOf = ({ sampleId }: SnapshotSample): ArrayLike<number> => {
    const scores = ofFresh.get(sampleId);
    if (!scores) return restored(kept, rows.get(sampleId)!);
    return atTemperature(
      labels.map((label) => scores[label]!),
      1 / kept.temperature,
    );
  };
  return {
    answers: samples.map((sample) => ({
      probabilities: probabilitiesOf(sample),
      target: columns.get(sample.label)!,
    })),
    outOfFold: kept.outOfFold,
    isCleaned: kept.isCleaned,
  };
}

/** The rest of the probability is shared evenly. */
function restored({ labels, ids, likeliest, probabilities }: KeptAnswers, row: number): Float32Array {
  const most = likeliest.length / ids.length;
  const own = probabilities.slice(row * most, (row + 1) * most);
  const rest = Math.max(0, 1 - own.reduce((sum, p) => sum + p, 0));
  const all = new Float32Array(labels.length).fill(rest / Math.max(1, labels.length - most));
  own.forEach((p, i) => (all[likeliest[row * most + i]!] = p));
  return all;
}

/** Of equals the first. */
function likeliestOf(probabilities: ArrayLike<number>, most: number): number[] {
  const found: number[] = [];
  for (let c = 0; c < probabilities.length; c += 1) {
    let at = found.length;
    while (at > 0 && probabilities[found[at - 1]!]! < probabilities[c]!) at -= 1;
    if (at < most) found.splice(at, 0, c);
    if (found.length > most) found.pop();
  }
  return found;
}

const rounded = (probability: number): number => Math.round(probability * DIGITS) / DIGITS;
const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);
