import { atTemperature, calibrationError, meanLoss, type Said, temperatureOf } from '../../core/calibration.js';
import { sha256 } from '../../core/ids.js';
import type { SnapshotSample } from '../../core/manifest.js';
import { doubted, type JudgedLabel, type Suspicion, suspicionOf } from '../../core/suspicion.js';
import type { FitOrder, Learner } from './learner.js';

export interface Judgement extends Suspicion {
  /** What sums are divided by so that confidences are true. */
  readonly temperature: number;
  /** Share of samples that models which had not seen them answered rightly; null when it was not measured. */
  readonly accuracy: number | null;
  /** Expected calibration error before and after the temperature. */
  readonly calibrationError: { readonly before: number | null; readonly after: number | null };
  /** Mean negative log likelihood after the temperature. */
  readonly loss: number;
}

export const NOT_JUDGED: Judgement = {
  temperature: 1,
  accuracy: null,
  calibrationError: { before: null, after: null },
  loss: 0,
  pruned: new Set(),
  suspects: [],
  alarms: [],
};

const FOLDS = [0, 1, 2, 3] as const;
/** Folds on which leaving out doubted labels is tried before it is done. */
const TRIAL = FOLDS.slice(0, 2);
/** Fewer samples cannot be spared for judging each other. */
const FEWEST = 40;
/** Models that only judge need not be as good as one that serves. */
const EFFORT = 0.3;
/** Fewer doubted labels than this share are those of any model that errs. */
const FEWEST_DOUBTED = 0.02;
/**
 * Gain on labels nobody touched that leaving out must bring before it is believed. On clean data hard samples look
 * wrong, and leaving them out costs 1 to 2 points: there the gain is below .01 (Banking77, Fashion-MNIST). With 20 %
 * wrong labels it is .06 to .08 on Banking77, and leaving out wins two thirds of what they cost.
 */
const LEAST_GAIN = 0.02;

/** What a model that had not seen them says about samples; undefined for those that were not asked about. */
type Answers = readonly (Said | undefined)[];

interface Asking {
  readonly learner: Learner;
  readonly samples: readonly SnapshotSample[];
  readonly order: Omit<FitOrder, 'members'>;
}

/**
 * Each fold is answered by a model learnt from the others, from nothing: the parent has seen them all. What a model has
 * learnt by heart cannot hide a wrong label this way, nor make it look surer than it is.
 */
export async function judgeOutOfFold(
  learner: Learner,
  samples: readonly SnapshotSample[],
  order: Omit<FitOrder, 'members'>,
): Promise<Judgement> {
  const folds = new Set(samples.map(foldOf));
  if (samples.length < FEWEST || folds.size < FOLDS.length) return NOT_JUDGED;
  const asking: Asking = { learner, samples, order };
  const first = await answersOutOfFold(asking, FOLDS, new Set());
  const cleaned = await answersWithoutDoubted(asking, first);
  const answers = cleaned ?? first;
  const suspicion = suspicionOf(judgedLabels(asking, answers), cleaned !== undefined);
  const kept = answers.filter((_, i) => !suspicion.pruned.has(samples[i]!.sampleId));
  return { ...suspicion, ...calibration(kept as Said[]) };
}

/** Answers of models that learnt nothing doubtful, or undefined when that makes them no better. */
async function answersWithoutDoubted(asking: Asking, first: Answers): Promise<Answers | undefined> {
  const without = new Set(doubted(judgedLabels(asking, first)).map(({ sampleId }) => sampleId));
  if (without.size < FEWEST_DOUBTED * first.length) return undefined;
  const trial = await answersOutOfFold(asking, TRIAL, without);
  const before = first.filter((_, i) => trial[i]);
  if (accuracyOf(trial) - accuracyOf(before) < LEAST_GAIN) return undefined;
  const rest = await answersOutOfFold(asking, FOLDS.slice(TRIAL.length), without);
  return trial.map((said, i) => said ?? rest[i]);
}

async function answersOutOfFold(
  { learner, samples, order }: Asking,
  folds: readonly number[],
  without: ReadonlySet<string>,
): Promise<Answers> {
  const indexOf = new Map(learner.labels.map((label, i) => [label, i]));
  const said: (Said | undefined)[] = samples.map(() => undefined);
  const foldOfSample = samples.map(foldOf);
  for (const fold of folds) {
    const isMember = (i: number): boolean => foldOfSample[i] !== fold && !without.has(samples[i]!.sampleId);
    const members = Int32Array.from(samples.keys()).filter(isMember);
    const onProgress = (fraction: number): void =>
      order.onProgress((fold + fraction) / FOLDS.length, `judging labels, fold ${fold + 1} of ${FOLDS.length}`);
    const fit = await learner.fit({ ...order, members, effort: EFFORT, isWarm: false, onProgress });
    foldOfSample.forEach((of, i) => {
      if (of !== fold) return;
      said[i] = { probabilities: Float32Array.from(fit.answer(i)), target: indexOf.get(samples[i]!.label)! };
    });
  }
  return said;
}

function accuracyOf(answers: Answers): number {
  const given = answers.filter((said) => said !== undefined);
  return given.filter((said) => answerAt(said, 1).isRight).length / given.length;
}

/** Margins at the temperature that makes them true: an unsure model doubts little, a boastful one too much. */
function judgedLabels({ learner, samples }: Asking, answers: Answers): JudgedLabel[] {
  const said = answers as readonly Said[];
  const temperature = temperatureOf(said);
  return samples.map((sample, i) => {
    const probabilities = atTemperature(said[i]!.probabilities, temperature);
    return judgedLabel(sample, { ...said[i]!, probabilities }, learner.labels);
  });
}

/** Near duplicates share a group and so a fold. */
const foldOf = ({ groupHash, sampleId }: SnapshotSample): number =>
  Number.parseInt(sha256(groupHash ?? sampleId).slice(0, 8), 16) % FOLDS.length;

function judgedLabel(sample: SnapshotSample, { probabilities, target }: Said, labels: readonly string[]): JudgedLabel {
  let other = target === 0 ? 1 : 0;
  for (let c = 0; c < probabilities.length; c += 1) {
    if (c !== target && probabilities[c]! > probabilities[other]!) other = c;
  }
  return {
    sampleId: sample.sampleId,
    label: sample.label,
    margin: probabilities[target]! - probabilities[other]!,
    instead: labels[other]!,
    isTrusted: sample.isTrusted ?? false,
    rater: sample.rater,
  };
}

function calibration(said: readonly Said[]): Omit<Judgement, keyof Suspicion> {
  const temperature = temperatureOf(said);
  const answersAt = (t: number) => said.map((one) => answerAt(one, t));
  const before = answersAt(1);
  return {
    temperature,
    accuracy: before.filter(({ isRight }) => isRight).length / said.length,
    calibrationError: { before: calibrationError(before), after: calibrationError(answersAt(temperature)) },
    loss: meanLoss(said, temperature),
  };
}

function answerAt({ probabilities, target }: Said, temperature: number): { confidence: number; isRight: boolean } {
  const cooled = atTemperature(probabilities, temperature);
  const confidence = Math.max(...cooled);
  return { confidence, isRight: cooled.indexOf(confidence) === target };
}
