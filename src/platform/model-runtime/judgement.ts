import { atTemperature, calibrationError, meanLoss, type Said, temperatureOf } from '../../core/calibration.js';
import { wrongLabels } from '../../core/confident-learning.js';
import { layoutOf, type SampleMap } from '../../core/projection.js';
import { type ScopeThreshold, scopeThresholdOf } from '../../core/scope.js';
import { type JudgedLabel, type Suspicion, suspicionOf } from '../../core/suspicion.js';
import { keepAnswers, type KeptAnswers, type Told } from './kept-answers.js';

/** What of a sample a judgement looks at. */
interface Labelled {
  readonly sampleId: string;
  readonly label: string;
  readonly revision: string;
  readonly isTrusted?: boolean | undefined;
  readonly rater?: string | undefined;
}

/** Labelled samples, and what models that had not seen them say about them: all that a judgement rests on. */
export interface Question {
  /** Those that can be answered. */
  readonly labels: readonly string[];
  readonly samples: readonly Labelled[];
  readonly told: Told;
  /** The label that stands for "out of scope". */
  readonly outOfScope: string | null;
}

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

/** An answer, and what it is at the temperature that makes confidences true. */
interface Calibrated extends Said {
  readonly calibrated: ArrayLike<number>;
}

/** Answers to all samples, what makes their confidences true, and what they say about the labels. */
export interface Verdict {
  readonly answers: readonly Calibrated[];
  readonly temperature: number;
  readonly labels: readonly JudgedLabel[];
}

/** What follows from the answers about labels, confidences and refusing. Nothing is left out unless they were cleaned. */
export function judgementOn({ labels, samples, told, outOfScope }: Question): Judgement {
  const verdict = verdictOf(labels, samples, told.answers);
  const suspicion = suspicionOf(flagged(verdict, labels.length), told.isCleaned);
  const believed = new Set(told.believed);
  const isKept = (_: unknown, i: number): boolean => !suspicion.pruned.has(samples[i]!.sampleId) && !believed.has(i);
  const temperature = told.isCleaned ? temperatureOf(verdict.answers.filter(isKept)) : verdict.temperature;
  const answers = told.isCleaned ? at(temperature, verdict.answers) : verdict.answers;
  const kept = answers.filter(isKept);
  const refusing = labels.indexOf(outOfScope ?? NO_LABEL);
  return {
    ...suspicion,
    ...calibration(kept, temperature),
    outOfScope: refusing < 0 ? null : scopeOf(kept, refusing),
    map: mapOf(labels, verdict.labels, answers),
    kept: keepAnswers(labels, samples, told, temperature),
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
export function verdictOf(labels: readonly string[], samples: readonly Labelled[], said: readonly Said[]): Verdict {
  const temperature = temperatureOf(said);
  const answers = at(temperature, said);
  return { answers, temperature, labels: samples.map((sample, i) => judgedLabel(sample, answers[i]!, labels)) };
}

const at = (temperature: number, said: readonly Said[]): Calibrated[] =>
  said.map(({ probabilities, target }) => ({
    probabilities,
    target,
    calibrated: atTemperature(probabilities, temperature),
  }));

function judgedLabel(sample: Labelled, { calibrated, target }: Calibrated, labels: readonly string[]): JudgedLabel {
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
