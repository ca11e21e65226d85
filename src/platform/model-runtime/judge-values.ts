import { errorSummary, median, quantile } from '../../core/errors-of-values.js';
import { byTolerance } from '../../core/judge.js';
import type { SnapshotSample } from '../../core/manifest.js';
import { layoutOfValues, type SampleMap } from '../../core/projection.js';
import type { Suspect } from '../../core/suspicion.js';
import { roundedText, valueOf, valueText } from '../../core/task.js';
import type { FitOrder, Learner } from './learner.js';
import { areTooFew, foldsOf, FOLDS, fitWithoutFold } from './out-of-fold.js';
import type { ErrorsOutOfFold } from './types.js';

const LEVEL = 0.9;
/** In units of a normal distribution's deviation, of which the median of absolute errors is .6745. */
const SUSPICIOUS_DEVIATIONS = 4;
const MEDIAN_OF_NORMAL = 0.6745;
const MOST_SUSPECTS = 200;

/**
 * Each fold is answered by a model learnt from the others, from nothing. The interval is that of cross-conformal
 * prediction with absolute errors (Vovk 2015, arXiv 1208.0806): it holds its level on average, not at every input.
 * Values are only asked about: a large error may be the world's, and none is left out for it.
 *
 * @returns undefined for too few samples
 */
export async function judgeValues(
  learner: Learner,
  samples: readonly SnapshotSample[],
  order: Omit<FitOrder, 'members'>,
): Promise<{ outOfFold: ErrorsOutOfFold; map: SampleMap } | undefined> {
  const folds = foldsOf(samples);
  if (areTooFew(samples, folds)) return undefined;
  const answers = new Float64Array(samples.length);
  for (const fold of FOLDS) {
    const fit = await fitWithoutFold({ learner, samples, folds, order }, fold);
    folds.forEach((of, i) => {
      if (of === fold) answers[i] = fit.answer(i)[0]!;
    });
  }
  const pairs = samples.map(({ label }, i) => [valueOf(label), answers[i]!] as const);
  const errors = pairs.map(([truth, answer]) => Math.abs(truth - answer));
  const judged: Judged = { answers, errors, deviation: median(errors) / MEDIAN_OF_NORMAL };
  // One more than there are: the error to come is one of them too.
  const share = Math.min(1, (LEVEL * (errors.length + 1)) / errors.length);
  const outOfFold = {
    error: errorSummary(pairs),
    halfWidth: quantile(errors, share),
    level: LEVEL,
    suspects: suspectsOf(samples, judged),
  };
  return { outOfFold, map: mapOf(samples, judged) };
}

/** What was answered, by sample. */
interface Judged {
  readonly answers: Float64Array;
  /** How far off. */
  readonly errors: readonly number[];
  /** Of errors that were normal. */
  readonly deviation: number;
}

function mapOf(samples: readonly SnapshotSample[], { answers, errors, deviation }: Judged): SampleMap {
  const given = samples.map(({ label }) => label);
  const { classOf } = byTolerance(given, null);
  const bands = given.map(classOf);
  const answered = Array.from(answers, (value) => classOf(valueText(value)));
  const labels = [...new Set([...bands, ...answered])].sort();
  return {
    labels,
    ids: samples.map(({ sampleId }) => sampleId),
    label: bands.map((band) => labels.indexOf(band)),
    predicted: answered.map((band) => labels.indexOf(band)),
    margin: errors.map((error) => (deviation === 0 ? 0 : -Math.round((error / deviation) * 1_000) / 1_000)),
    ...layoutOfValues(given.map(valueOf), [...answers]),
    isOfValues: true,
  };
}

/** Values that are much further off than most, the furthest first; the margin is the error in deviations, negative. */
function suspectsOf(samples: readonly SnapshotSample[], { answers, errors, deviation }: Judged): Suspect[] {
  const far = [...errors.keys()].filter((i) => errors[i]! > SUSPICIOUS_DEVIATIONS * deviation);
  far.sort((a, b) => errors[b]! - errors[a]!);
  return far.slice(0, MOST_SUSPECTS).map((i) => ({
    sampleId: samples[i]!.sampleId,
    label: samples[i]!.label,
    instead: roundedText(answers[i]!),
    margin: deviation === 0 ? -1 : -errors[i]! / deviation,
    isFlagged: true,
  }));
}
