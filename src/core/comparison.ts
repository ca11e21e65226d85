import { calibrationError } from './calibration.js';
import { type ClassReport, classReports, type ConfusionMatrix, confusionOf } from './confusion.js';
import { BY_LABEL, type Judge } from './judge.js';
import type { SequentialVerdict } from './sequential-test.js';
import { type Anchor, type Bout, type Footprint, type ModelScore, OLDER_HALF, type Slice } from './promotion.js';
import { groupBy } from './tally.js';
import { pAboveZero } from './paired-test.js';
import { errorSize } from './errors-of-values.js';

/** What a model answered on the holdout, in the order of the samples. */
export interface HoldoutAnswers {
  readonly version: number;
  readonly answers: readonly string[];
  /** How sure it was of each answer. */
  readonly confidences: readonly number[];
}

/** A held-out sample as far as a comparison needs it. */
export interface HeldOut {
  readonly sampleId: string;
  readonly label: string;
  readonly occurredAt?: string;
  /** When a person verified it as part of a random audit; absent for other samples. */
  readonly goldenAt?: string;
}

export interface ModelReport extends ModelScore {
  readonly confusion: ConfusionMatrix;
  readonly classes: readonly ClassReport[];
}

/** A bout with everything a person wants to look at. */
export interface BoutReport extends Bout {
  readonly challenger: ModelReport;
  readonly champion: ModelReport | null;
  /** Samples that were right and would turn wrong, at most {@link MAX_LISTED_FLIPS}. */
  readonly negativeFlips: readonly string[];
}

/** Whose labels are in a batch, and how often the champion contradicts them. */
export interface Source {
  readonly rater: string;
  readonly samples: number;
  readonly contradicted: number;
}

/** Held-out samples that are nearly the same as something learnt: the more they raise the accuracy, the less it tells. */
export interface LeakReport {
  readonly samples: number;
  readonly accuracy: number | null;
  readonly accuracyOfOthers: number | null;
  /** Whether the comparison was made on the others alone. */
  readonly areLeftOut?: boolean;
}

/** A champion against the model it replaced, on golden samples verified since. */
export interface Watch extends SequentialVerdict {
  readonly version: number;
  readonly against: number;
}

/** An evaluation: the bout on the whole holdout, that on its golden part, and what else a person wants to know. */
export interface EvaluationReport extends BoutReport {
  readonly golden: BoutReport | null;
  /** Null without golden samples, or when the champion is the anchor. */
  readonly anchor: Anchor | null;
  /** How many evaluations have used golden samples in these weeks: the more, the less they can still show. */
  readonly goldenWear: number;
  readonly footprint: Footprint;
  /** Absent in evaluations of before it was looked for. */
  readonly leaks?: LeakReport;
  /** Of the labels that are new since the last snapshot. */
  readonly sources: readonly Source[];
}

const MAX_LISTED_FLIPS = 200;
/** Smaller slices say nothing. */
const FEWEST_IN_SLICE = 20;

/** A comparison is made on at least this many samples, however old they are. */
const FEWEST_RECENT = 200;
const HALF_LIVES = 3;

/**
 * The samples that say something about today: those younger than three half-lives, measured from the newest, and in
 * any case the 200 youngest. In the order given.
 */
export function recentOf<Sample extends HeldOut>(samples: readonly Sample[], halfLifeDays: number | null): Sample[] {
  if (halfLifeDays === null) return [...samples];
  const times = samples.map(({ occurredAt }) => (occurredAt === undefined ? Infinity : Date.parse(occurredAt)));
  const sorted = times.toSorted((a, b) => b - a);
  const newest = sorted.find(Number.isFinite) ?? 0;
  const enough = sorted[FEWEST_RECENT - 1] ?? -Infinity;
  const oldest = Math.min(enough, newest - HALF_LIVES * halfLifeDays * 86_400_000);
  return samples.filter((_, i) => times[i]! >= oldest);
}

/** Champion and challenger on the same samples. */
export function compare(
  samples: readonly HeldOut[],
  challenger: HoldoutAnswers,
  champion: HoldoutAnswers | null,
  judge: Judge = BY_LABEL,
): BoutReport {
  const outcomes = samples.map(({ label }, i) =>
    outcomeOf((answer) => judge.isRight(label, answer), challenger.answers[i]!, champion?.answers[i]),
  );
  const flips = samples.filter((_, i) => outcomes[i] === 'lost');
  const constant = judge.constantAnswer(samples.map(({ label }) => label));
  return {
    samples: samples.length,
    ...errorsOf(samples, { challenger, champion, constant }, judge),
    majorityCorrect: samples.filter(({ label }) => judge.isRight(label, constant)).length,
    challenger: report(samples, challenger, judge),
    champion: champion && report(samples, champion, judge),
    wins: outcomes.filter((outcome) => outcome === 'won').length,
    losses: flips.length,
    slices: champion ? slicesOf(samples, outcomes, judge) : [],
    negativeFlips: flips.slice(0, MAX_LISTED_FLIPS).map(({ sampleId }) => sampleId),
  };
}

/** How far answers are off, where that can be told: beside how often they are right it decides. */
function errorsOf(
  samples: readonly HeldOut[],
  { challenger, champion, constant }: { challenger: HoldoutAnswers; champion: HoldoutAnswers | null; constant: string },
  { errorOf }: Judge,
): Pick<BoutReport, 'errors'> {
  if (!errorOf) return {};
  const errors = (answers: readonly string[]) => samples.map(({ label }, i) => errorOf(label, answers[i]!));
  const [ofChallenger, ofChampion] = [errors(challenger.answers), champion && errors(champion.answers)];
  return {
    errors: {
      challenger: errorSize(ofChallenger),
      champion: ofChampion && errorSize(ofChampion),
      constant: errorSize(errors(samples.map(() => constant))),
      pLarger: ofChampion && pAboveZero(ofChallenger.map((error, i) => error - ofChampion[i]!)),
    },
  };
}

/** With fewer others near duplicates stay in: a comparison on next to nothing says less than one that flatters. */
const FEWEST_OTHERS = 200;

/**
 * Indexes of the samples to compare on: not those that are nearly the same as something learnt, so that a group of near
 * duplicates never both teaches and judges, unless hardly anything would be left.
 */
export function comparable(samples: readonly HeldOut[], leaked: ReadonlySet<string>): number[] {
  const others = [...samples.keys()].filter((i) => !leaked.has(samples[i]!.sampleId));
  return others.length >= Math.min(FEWEST_OTHERS, samples.length) ? others : [...samples.keys()];
}

/** The answers to some of the samples, by index. */
export const answersTo = (indexes: readonly number[], given: HoldoutAnswers): HoldoutAnswers => ({
  version: given.version,
  answers: indexes.map((i) => given.answers[i]!),
  confidences: indexes.map((i) => given.confidences[i]!),
});

/** By rater, the most contradicted first. */
export function sourcesOf(
  batch: readonly { readonly label: string; readonly rater?: string }[],
  answers: readonly string[],
  judge: Judge = BY_LABEL,
): Source[] {
  const sources = new Map<string, { samples: number; contradicted: number }>();
  batch.forEach(({ label, rater = 'several' }, i) => {
    const source = sources.get(rater) ?? { samples: 0, contradicted: 0 };
    source.samples += 1;
    source.contradicted += judge.isRight(label, answers[i]!) ? 0 : 1;
    sources.set(rater, source);
  });
  return [...sources]
    .map(([rater, source]) => ({ rater, ...source }))
    .sort((a, b) => b.contradicted - a.contradicted || (a.rater < b.rater ? -1 : 1));
}

type Outcome = 'won' | 'lost' | 'same';

function outcomeOf(isRight: (answer: string) => boolean, challenger: string, champion: string | undefined): Outcome {
  if (champion === undefined || isRight(challenger) === isRight(champion)) return 'same';
  return isRight(challenger) ? 'won' : 'lost';
}

/** Every label with enough samples, and the older half: where a model may lose what it gains elsewhere. */
function slicesOf(samples: readonly HeldOut[], outcomes: readonly Outcome[], judge: Judge): Slice[] {
  const members = groupBy(samples.keys(), (i) => `label ${judge.classOf(samples[i]!.label)}`);
  const dated = [...samples.keys()].filter((i) => samples[i]!.occurredAt !== undefined);
  dated.sort((a, b) => (samples[a]!.occurredAt! < samples[b]!.occurredAt! ? -1 : 1));
  members.set(OLDER_HALF, dated.slice(0, Math.floor(dated.length / 2)));
  return [...members]
    .filter(([, indexes]) => indexes.length >= FEWEST_IN_SLICE)
    .map(([name, indexes]) => ({
      name,
      samples: indexes.length,
      wins: indexes.filter((i) => outcomes[i] === 'won').length,
      losses: indexes.filter((i) => outcomes[i] === 'lost').length,
    }));
}

function report(
  samples: readonly HeldOut[],
  { version, answers, confidences }: HoldoutAnswers,
  judge: Judge,
): ModelReport {
  const pairs = samples.map(({ label }, i) => [label, answers[i]!] as const);
  const confusion = confusionOf(pairs.map(([label, answer]) => [judge.classOf(label), judge.classOf(answer)] as const));
  const sure = pairs.map(([label, answer], i) => ({
    confidence: confidences[i]!,
    isRight: judge.isRight(label, answer),
  }));
  const correct = sure.filter(({ isRight }) => isRight).length;
  return {
    version,
    correct,
    accuracy: correct / Math.max(1, samples.length),
    // Of values the confidence is that of an interval.
    calibrationError: judge.errorOf ? null : calibrationError(sure),
    confusion,
    classes: classReports(confusion),
  };
}
