import type { ErrorSize } from './errors-of-values.js';
import { roundedText } from './task.js';
import { atLeast, holmRejects, midPWorse, pBetter } from './paired-test.js';

/** What one model did on the samples of a bout. */
export interface ModelScore {
  readonly version: number;
  readonly correct: number;
  readonly accuracy: number;
  /** Expected calibration error; null without samples, absent in evaluations of before it was measured. */
  readonly calibrationError?: number | null;
}

/** The slice on which a model that follows the times may lose a little. */
export const OLDER_HALF = 'older half';

/** A part of the samples, on which the challenger must not be worse. */
export interface Slice {
  readonly name: string;
  readonly samples: number;
  readonly wins: number;
  readonly losses: number;
}

/** Champion and challenger on the same samples. */
export interface Bout {
  readonly samples: number;
  readonly challenger: ModelScore;
  readonly champion: ModelScore | null;
  /** How many samples the most frequent label answers rightly. */
  readonly majorityCorrect: number;
  /** Challenger right where the champion is wrong. */
  readonly wins: number;
  /** Negative flips: champion right where the challenger is wrong. */
  readonly losses: number;
  /** Absent in evaluations of before there were any. */
  readonly slices?: readonly Slice[];
  /** Of values: how far answers are off. Right is then what is within the tolerance. */
  readonly errors?: BoutErrors;
}

export interface BoutErrors {
  readonly challenger: ErrorSize;
  readonly champion: ErrorSize | null;
  /** Of the best answer that is always the same. */
  readonly constant: ErrorSize;
  /** That the challenger's errors are no larger than the champion's, by a paired test; null without a champion. */
  readonly pLarger: number | null;
}

/** The challenger against the last version that was significantly better than the anchor before it, on golden samples. */
export interface Anchor {
  readonly version: number;
  readonly wins: number;
  readonly losses: number;
}

/** Size and speed of a model, as measured in the evaluation. */
export interface Footprint {
  readonly bytes: number;
  readonly millisecondsAnAnswer: number;
}

/** What a decision rests on. */
export interface Comparison extends Bout {
  /** The same on the golden samples of the last weeks: a fair sample of the traffic, verified by people. */
  readonly golden?: Bout | null;
  readonly anchor?: Anchor | null;
  readonly footprint?: Footprint;
}

/** golden: a fair sample. holdout: what users corrected, which is not. none: too little of either. */
export type Basis = 'golden' | 'holdout' | 'none';

export interface PromotionDecision {
  readonly promoted: boolean;
  readonly reason: string;
  readonly basis: Basis;
  /** The challenger would do harm: the labels it learnt from last deserve a look before they are learnt from again. */
  readonly isHarmful: boolean;
  readonly pWorse: number | null;
  readonly pBetter: number | null;
}

export interface PromotionSettings {
  /** Fewer holdout samples than this cannot carry a decision. */
  readonly minHoldout: number;
  /** From this many golden samples on they alone decide. */
  readonly minGolden: number;
  /** Golden samples older than this say nothing about today's traffic. */
  readonly goldenDays: number;
  /** Until there are enough golden samples: judge on the holdout, or leave it to a person. */
  readonly withoutGolden: 'holdout' | 'person';
  /** Largest share of samples that were right and would turn wrong; broken when it is significantly larger. */
  readonly maxNegativeFlipRate: number;
  /** The challenger is "worse by the test" below this p-value. */
  readonly alpha: number;
  /** Of values: an answer no further off is right; null: half the values' typical distance from their median. */
  readonly tolerance: number | null;
  /** Share of the older half's accuracy that may be lost: what the world was like counts less than what it is like. */
  readonly maxOlderDrop: number;
  /** Largest growth of the calibration error. */
  readonly maxCalibrationGrowth: number;
  readonly maxMegabytes: number;
  readonly maxMillisecondsAnAnswer: number;
}

/**
 * On golden samples: promoted unless it is significantly worse, there or in a slice, or breaks a limit. To ask for a
 * significant gain would stop learning at the sizes golden sets have; to ask for any gain on an ageing set blocks good
 * models half of the time. On the holdout, which holds what users corrected: right as often as well. Where nothing
 * serves yet, better than the majority answer is enough. The numbers of a refusal are kept like those of a promotion.
 */
export function decidePromotion(comparison: Comparison, settings: PromotionSettings): PromotionDecision {
  const isGolden = (comparison.golden?.samples ?? 0) >= settings.minGolden;
  const bout = isGolden ? comparison.golden! : comparison;
  const hasEnough = bout.samples >= settings.minHoldout;
  const basis = isGolden ? 'golden' : 'holdout';
  const tests = bout.champion ? { pWorse: midPWorse(bout), pBetter: pBetter(bout) } : { pWorse: null, pBetter: null };
  if (!hasEnough) {
    const reason = `only ${bout.samples} held-out samples; ${settings.minHoldout} are needed to judge`;
    return { ...refused(reason), basis: 'none', ...tests };
  }
  const limit = brokenLimit(comparison.footprint, settings);
  if (limit !== undefined) return { ...refused(limit), basis, ...tests };
  return { ...verdictOn(bout, isGolden ? comparison.anchor : null, { basis, settings }), basis, ...tests };
}

/**
 * Many steps down, each too small to see, add up: what is significantly worse than the anchor is blocked even where it
 * is as good as the version that serves. The anchor only moves up: to what is significantly better than it.
 */
export const movesAnchor = ({ promoted, basis }: PromotionDecision, anchor: Anchor | null, alpha: number): boolean =>
  promoted && basis === 'golden' && anchor !== null && pBetter(anchor) < alpha;

type Verdict = Pick<PromotionDecision, 'promoted' | 'reason' | 'isHarmful'>;

function verdictOn(
  bout: Bout,
  anchor: Anchor | null | undefined,
  { basis, settings }: { basis: Basis; settings: PromotionSettings },
): Verdict {
  if (!bout.champion) return decideFirst(bout);
  const harm = slowHarmOf(anchor, settings) ?? harmOf(bout, settings);
  if (harm !== undefined)
    return { ...refused(`${harm}: ${countOf(bout)}`), isHarmful: basis === 'golden' || isClearHarm(bout, settings) };
  const refusal = refusalOf(bout, settings) ?? (basis === 'golden' ? undefined : refusalOnHoldout(bout, settings));
  if (refusal !== undefined) return refused(`${refusal}: ${countOf(bout)}`);
  return promoted(`${praiseOf(bout, basis)}: ${countOf(bout)}`);
}

function praiseOf({ wins, losses }: Bout, basis: Basis): string {
  if (basis === 'golden') return 'not worse on a fair sample';
  return wins > losses ? 'better' : 'as good, and has learnt from more';
}

/** Unfair samples must speak ten times as clearly before labels are kept out of training. */
const isClearHarm = (bout: Bout, settings: PromotionSettings): boolean =>
  harmOf(bout, { ...settings, alpha: settings.alpha / 10 }) !== undefined;

function slowHarmOf(anchor: Anchor | null | undefined, { alpha }: PromotionSettings): string | undefined {
  if (!anchor || midPWorse(anchor) >= alpha) return undefined;
  return `significantly worse than version ${anchor.version} was (${anchor.wins} gained, ${anchor.losses} lost)`;
}

const promoted = (reason: string): Verdict => ({ promoted: true, reason, isHarmful: false });
const refused = (reason: string): Verdict => ({ promoted: false, reason, isHarmful: false });

function decideFirst(bout: Bout): Verdict {
  const { challenger, samples, majorityCorrect, errors } = bout;
  if (errors) return decideFirstOfValues(errors);
  return challenger.correct > majorityCorrect
    ? promoted(`first model: ${challenger.correct} of ${samples} right, the majority answer ${majorityCorrect}`)
    : refused(`no better than the majority answer: ${challenger.correct} against ${majorityCorrect} of ${samples}`);
}

function decideFirstOfValues({ challenger, constant }: BoutErrors): Verdict {
  const [own, other] = [roundedText(challenger.meanAbsolute), roundedText(constant.meanAbsolute)];
  return challenger.meanAbsolute < constant.meanAbsolute
    ? promoted(`first model: ${own} off on average, the best constant answer ${other}`)
    : refused(`no better than the best constant answer: ${own} off on average against ${other}`);
}

/**
 * What users corrected is no fair sample, so it carries less: as many must be right, or a person decides. One that is
 * right as often, on other samples, has learnt from more and takes over; one that answers alike does not.
 */
function refusalOnHoldout({ wins, losses }: Bout, settings: PromotionSettings): string | undefined {
  if (settings.withoutGolden === 'person')
    return `a person decides until there are ${settings.minGolden} golden samples`;
  return wins < losses || wins === 0 ? 'not better' : undefined;
}

function countOf({ challenger, champion, samples, wins, losses, errors }: Bout): string {
  const counts = `${challenger.correct} against ${champion!.correct} of ${samples} right (${wins} gained, ${losses} lost)`;
  if (!errors?.champion) return counts;
  return `${counts}, ${roundedText(errors.challenger.meanAbsolute)} against ${roundedText(errors.champion.meanAbsolute)} off on average`;
}

/** Significantly worse as a whole or, by Holm's procedure, in a slice. */
function harmOf(bout: Bout, { alpha, maxOlderDrop }: PromotionSettings): string | undefined {
  if (midPWorse(bout) < alpha) return 'significantly worse';
  if ((bout.errors?.pLarger ?? 1) < alpha) return 'significantly further off';
  const isAllowed = ({ name, samples, wins, losses }: Slice): boolean =>
    name === OLDER_HALF && losses - wins <= maxOlderDrop * samples;
  const slices = (bout.slices ?? []).filter((slice) => !isAllowed(slice));
  const worse = holmRejects(slices.map(midPWorse), alpha);
  const names = slices.filter((_, i) => worse.has(i)).map(({ name }) => name);
  return names.length > 0 ? `significantly worse for ${names.join(', ')}` : undefined;
}

function refusalOf({ challenger, champion, samples, losses }: Bout, settings: PromotionSettings): string | undefined {
  const { maxNegativeFlipRate, alpha } = settings;
  if (losses > maxNegativeFlipRate * samples && atLeast(losses, samples, maxNegativeFlipRate) < alpha)
    return 'too many answers would turn wrong';
  // On fewer samples the calibration error is mostly chance.
  if (samples < settings.minGolden) return undefined;
  const growth = (challenger.calibrationError ?? 0) - (champion?.calibrationError ?? 0);
  return growth > settings.maxCalibrationGrowth
    ? `confidences would be ${growth.toFixed(3)} further from the truth`
    : undefined;
}

function brokenLimit(footprint: Footprint | undefined, settings: PromotionSettings): string | undefined {
  if (!footprint) return undefined;
  const megabytes = footprint.bytes / 1e6;
  if (megabytes > settings.maxMegabytes)
    return `the model has ${megabytes.toFixed(1)} MB, ${settings.maxMegabytes} are allowed`;
  return footprint.millisecondsAnAnswer > settings.maxMillisecondsAnAnswer
    ? `an answer takes ${footprint.millisecondsAnAnswer.toFixed(1)} ms, ${settings.maxMillisecondsAnAnswer} are allowed`
    : undefined;
}
