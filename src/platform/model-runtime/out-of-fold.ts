import { atTemperature, calibrationError, meanLoss, type Said, temperatureOf } from '../../core/calibration.js';
import { wrongLabels } from '../../core/confident-learning.js';
import type { SnapshotSample } from '../../core/manifest.js';
import { pBetter } from '../../core/paired-test.js';
import { layoutOf, type SampleMap } from '../../core/projection.js';
import { bucketOf } from '../../core/split.js';
import { type ScopeThreshold, scopeThresholdOf } from '../../core/scope.js';
import { doubted, type JudgedLabel, type Suspicion, suspicionOf } from '../../core/suspicion.js';
import { keepAnswers, type KeptAnswers, type Told } from './kept-answers.js';
import type { Fit, FitOrder, Learner } from './learner.js';

export interface Judgement extends Suspicion {
  /** What sums are divided by so that confidences are true. */
  readonly temperature: number;
  /** Share of samples that models which had not seen them answered rightly; null when it was not measured. */
  readonly accuracy: number | null;
  /** Expected calibration error before and after the temperature. */
  readonly calibrationError: { readonly before: number | null; readonly after: number | null };
  /** Mean negative log likelihood after the temperature. */
  readonly loss: number;
  /** Null where no label stands for "out of scope". */
  readonly outOfScope: ScopeThreshold | null;
  /** Null where nothing was judged. */
  readonly map: SampleMap | null;
  /** For the next run; null where nothing was judged. */
  readonly kept: KeptAnswers | null;
}

export const NOT_JUDGED: Judgement = {
  temperature: 1,
  accuracy: null,
  calibrationError: { before: null, after: null },
  loss: 0,
  outOfScope: null,
  map: null,
  kept: null,
  pruned: new Set(),
  suspects: [],
  alarms: [],
  flagged: 0,
};

/** No label is empty. */
const NO_LABEL = '';
export const FOLDS = [0, 1, 2, 3] as const;
/** So many folds show whether leaving out doubted labels is worth it; the first alone may show that it is not. */
const TRIAL = 2;
/** Fewer samples cannot be spared for judging each other. */
export const FEWEST = 40;
/** Models that only judge need not be as good as one that serves. */
const EFFORT = 0.3;
/** Fewer doubted labels than this share are those of any model that errs. */
const FEWEST_DOUBTED = 0.02;
/**
 * Gain on labels nobody touched that leaving out must bring before it is believed, and the chance that it is chance. On
 * clean data hard samples look wrong, and leaving them out costs 1 to 2 points: there the gain is below .01 (Banking77,
 * Fashion-MNIST), on a few hundred hard ones it may be .03. With 20 % wrong labels it is .06 to .08 on Banking77, and
 * leaving out wins two thirds of what they cost.
 */
const LEAST_GAIN = 0.03;
/** Where the first fold gains less on so many samples, the second will not make up for it. */
const HOPELESS = { gain: 0.01, samples: 1_000 } as const;
const CHANCE = 0.001;

/** What a model that had not seen them says about samples; undefined for those that were not asked about. */
type Answers = readonly (Said | undefined)[];

export interface Asking {
  readonly learner: Learner;
  readonly samples: readonly SnapshotSample[];
  /** By sample. Near duplicates share a group and so a fold. */
  readonly folds: readonly number[];
  readonly order: Omit<FitOrder, 'members'>;
}

/** An answer, and what it is at the temperature that makes confidences true. */
interface Calibrated extends Said {
  readonly calibrated: ArrayLike<number>;
}

/** Answers to all samples, what makes their confidences true, and what they say about the labels. */
interface Verdict {
  readonly answers: readonly Calibrated[];
  readonly temperature: number;
  readonly labels: readonly JudgedLabel[];
}

interface Given {
  /** The label that stands for "out of scope". */
  readonly outOfScope?: string | null;
  /** What is told already: no model is learnt then. */
  readonly told?: Told | undefined;
}

/**
 * Each fold is answered by a model learnt from the others, from nothing: the parent has seen them all. What a model has
 * learnt by heart cannot hide a wrong label this way, nor make it look surer than it is.
 */
export async function judgeOutOfFold(
  learner: Learner,
  samples: readonly SnapshotSample[],
  order: Omit<FitOrder, 'members'>,
  { outOfScope = null, told }: Given = {},
): Promise<Judgement> {
  const folds = foldsOf(samples);
  if (areTooFew(samples, folds)) return NOT_JUDGED;
  const asking: Asking = { learner, samples, folds, order };
  return judgementOn(asking, told ?? (await tell(asking)), outOfScope);
}

async function tell(asking: Asking): Promise<Told> {
  const answers = (await answersOutOfFold(asking, FOLDS, new Set())) as readonly Said[];
  const cleaned = await withoutDoubted(asking, verdictOf(asking, answers));
  return { answers: cleaned ?? answers, since: [], believed: [], isCleaned: cleaned !== undefined };
}

function judgementOn(asking: Asking, told: Told, outOfScope: string | null): Judgement {
  const { learner, samples } = asking;
  const verdict = verdictOf(asking, told.answers);
  const suspicion = suspicionOf(flagged(verdict, learner.labels.length), told.isCleaned);
  const believed = new Set(told.believed);
  const isKept = (_: unknown, i: number): boolean => !suspicion.pruned.has(samples[i]!.sampleId) && !believed.has(i);
  const temperature = told.isCleaned ? temperatureOf(verdict.answers.filter(isKept)) : verdict.temperature;
  const answers = told.isCleaned ? at(temperature, verdict.answers) : verdict.answers;
  const kept = answers.filter(isKept);
  const refusing = learner.labels.indexOf(outOfScope ?? NO_LABEL);
  return {
    ...suspicion,
    ...calibration(kept, temperature),
    outOfScope: refusing < 0 ? null : scopeOf(kept, refusing),
    map: mapOf(learner.labels, verdict.labels, answers),
    kept: keepAnswers(learner.labels, samples, told, temperature),
  };
}

/** The labels that confident learning takes for wrong, by both of its ways of counting. */
function flagged({ labels, answers }: Verdict, classes: number): JudgedLabel[] {
  const probabilities = new Float64Array(answers.length * classes);
  answers.forEach((said, row) => probabilities.set(said.probabilities as Float32Array, row * classes));
  const given = Int32Array.from(answers, ({ target }) => target);
  const wrong = wrongLabels({ classes, probabilities, given }, 'both');
  return labels.map((label, row) => ({ ...label, isFlagged: wrong[row] === 1 }));
}

function mapOf(labels: readonly string[], judged: readonly JudgedLabel[], answers: readonly Calibrated[]): SampleMap {
  return {
    labels,
    ids: judged.map(({ sampleId }) => sampleId),
    label: answers.map(({ target }) => target),
    predicted: answers.map(({ probabilities }) => likeliest(probabilities, -1)),
    margin: judged.map(({ margin }) => Math.round(margin * 1_000) / 1_000),
    ...layoutOf(answers.map(({ calibrated }) => calibrated)),
  };
}

/** The label itself is answered already where it is likeliest: the threshold is about the other answers. */
const scopeOf = (answers: readonly Calibrated[], outOfScope: number): ScopeThreshold =>
  scopeThresholdOf(
    answers
      .filter(({ probabilities }) => likeliest(probabilities, -1) !== outOfScope)
      .map((said) => ({
        confidence: confidenceOf(said.calibrated),
        isRight: isRight(said),
        isInScope: said.target !== outOfScope,
      })),
  );

/** What models say that learnt nothing doubtful, or undefined when that makes them no better. */
async function withoutDoubted(asking: Asking, { answers: first, labels }: Verdict): Promise<Said[] | undefined> {
  const without = new Set(doubted(labels).map(({ sampleId }) => sampleId));
  if (without.size < FEWEST_DOUBTED * first.length) return undefined;
  const look = await answersOutOfFold(asking, FOLDS.slice(0, 1), without);
  const { share: shareAtFirst, samples } = gainOf(look, first);
  if (samples >= HOPELESS.samples && shareAtFirst < HOPELESS.gain) return undefined;
  const trial = merged(look, await answersOutOfFold(asking, FOLDS.slice(1, TRIAL), without));
  const { share, wins, losses } = gainOf(trial, first);
  if (share < LEAST_GAIN || pBetter({ wins, losses }) > CHANCE) return undefined;
  return merged(trial, await answersOutOfFold(asking, FOLDS.slice(TRIAL), without)) as Said[];
}

/** How many more are answered rightly than before, and as a share of those that were asked about. */
function gainOf(answers: Answers, before: readonly Said[]) {
  const asked = [...answers.keys()].filter((i) => answers[i]);
  const wins = asked.filter((i) => isRight(answers[i]!) && !isRight(before[i]!)).length;
  const losses = asked.filter((i) => !isRight(answers[i]!) && isRight(before[i]!)).length;
  return { wins, losses, samples: asked.length, share: (wins - losses) / asked.length };
}

const merged = (some: Answers, rest: Answers): Answers => some.map((said, i) => said ?? rest[i]);

async function answersOutOfFold(
  { learner, samples, folds, order }: Asking,
  asked: readonly number[],
  without: ReadonlySet<string>,
): Promise<Answers> {
  const indexOf = new Map(learner.labels.map((label, i) => [label, i]));
  const said: (Said | undefined)[] = samples.map(() => undefined);
  for (const fold of asked) {
    const fit = await fitWithoutFold({ learner, samples, folds, order }, fold, without);
    folds.forEach((of, i) => {
      if (of !== fold) return;
      said[i] = { probabilities: Float32Array.from(fit.answer(i)), target: indexOf.get(samples[i]!.label)! };
    });
  }
  return said;
}

/** Too few to judge each other. */
export const areTooFew = (samples: readonly SnapshotSample[], folds: readonly number[]): boolean =>
  samples.length < FEWEST || new Set(folds).size < FOLDS.length;

/** A model learnt from all samples but those of a fold, and those to do without: from nothing, and less thoroughly. */
export function fitWithoutFold(
  { learner, samples, folds, order }: Asking,
  fold: number,
  without: ReadonlySet<string> = new Set(),
): Promise<Fit> {
  const isMember = (i: number): boolean => folds[i] !== fold && !without.has(samples[i]!.sampleId);
  const members = Int32Array.from(samples.keys()).filter(isMember);
  const note = `judging labels, fold ${fold + 1} of ${FOLDS.length}${without.size > 0 ? ', without doubted ones' : ''}`;
  const done = fold + (without.size > 0 ? FOLDS.length : 0);
  const onProgress = (fraction: number): void => order.onProgress((done + fraction) / (2 * FOLDS.length), note);
  return learner.fit({ ...order, members, effort: EFFORT, isWarm: false, onProgress });
}

export const isRight = ({ probabilities, target }: Said): boolean => likeliest(probabilities, -1) === target;

/** Index of the largest probability, but for one index; of equals the first. */
function likeliest(probabilities: ArrayLike<number>, but: number): number {
  let best = but === 0 ? 1 : 0;
  for (let c = 0; c < probabilities.length; c += 1) {
    if (c !== but && probabilities[c]! > probabilities[best]!) best = c;
  }
  return best;
}

/** Margins at the temperature that makes them true: an unsure model doubts little, a boastful one too much. */
function verdictOf({ learner, samples }: Asking, said: readonly Said[]): Verdict {
  const temperature = temperatureOf(said);
  const answers = at(temperature, said);
  const labels = samples.map((sample, i) => judgedLabel(sample, answers[i]!, learner.labels));
  return { answers, temperature, labels };
}

const at = (temperature: number, said: readonly Said[]): Calibrated[] =>
  said.map(({ probabilities, target }) => ({
    probabilities,
    target,
    calibrated: atTemperature(probabilities, temperature),
  }));

/** By sample. Near duplicates share a group and so a fold. */
export const foldsOf = (samples: readonly SnapshotSample[]): number[] => samples.map(foldOf);

const foldOf = ({ groupHash, sampleId }: SnapshotSample): number => bucketOf(groupHash ?? sampleId, FOLDS.length);

function judgedLabel(
  sample: SnapshotSample,
  { calibrated, target }: Calibrated,
  labels: readonly string[],
): JudgedLabel {
  const other = likeliest(calibrated, target);
  return {
    sampleId: sample.sampleId,
    label: sample.label,
    margin: calibrated[target]! - calibrated[other]!,
    instead: labels[other]!,
    isTrusted: sample.isTrusted ?? false,
    rater: sample.rater,
  };
}

const confidenceOf = (probabilities: ArrayLike<number>): number => probabilities[likeliest(probabilities, -1)]!;

function calibration(
  said: readonly Calibrated[],
  temperature: number,
): Pick<Judgement, 'temperature' | 'accuracy' | 'calibrationError' | 'loss'> {
  const answers = said.map((one) => ({
    isRight: isRight(one),
    before: confidenceOf(one.probabilities),
    after: confidenceOf(one.calibrated),
  }));
  const errorOf = (when: 'before' | 'after') =>
    calibrationError(answers.map((answer) => ({ confidence: answer[when], isRight: answer.isRight })));
  return {
    temperature,
    accuracy: answers.filter((answer) => answer.isRight).length / said.length,
    calibrationError: { before: errorOf('before'), after: errorOf('after') },
    loss: meanLoss(said.map(({ calibrated, target }) => ({ probabilities: calibrated, target }))),
  };
}
