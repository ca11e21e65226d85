import { pBetter, pWorse } from './paired-test.js';

/** What one model did on the holdout. */
export interface ModelScore {
  readonly version: number;
  readonly correct: number;
  readonly accuracy: number;
}

/** Champion and challenger on the same holdout samples. */
export interface Comparison {
  readonly samples: number;
  readonly challenger: ModelScore;
  readonly champion: ModelScore | null;
  /** How many samples the most frequent label answers rightly. */
  readonly majorityCorrect: number;
  /** Challenger right where the champion is wrong. */
  readonly wins: number;
  /** Negative flips: champion right where the challenger is wrong. */
  readonly losses: number;
}

export interface PromotionDecision {
  readonly promoted: boolean;
  readonly reason: string;
  readonly pWorse: number | null;
  readonly pBetter: number | null;
}

export interface PromotionSettings {
  /** Fewer holdout samples than this cannot carry a decision. */
  readonly minHoldout: number;
  /** Largest share of samples that were right and would turn wrong. */
  readonly maxNegativeFlipRate: number;
  /** The challenger is "worse by the test" below this p-value. */
  readonly alpha: number;
}

/**
 * Better by count and not worse by the test, within the limit on negative flips. Where nothing serves yet, better than
 * the majority answer is enough. The numbers of a refusal are kept like those of a promotion.
 */
export function decidePromotion(comparison: Comparison, settings: PromotionSettings): PromotionDecision {
  const { samples, challenger, champion, wins, losses, majorityCorrect } = comparison;
  const tests = champion
    ? { pWorse: pWorse({ wins, losses }), pBetter: pBetter({ wins, losses }) }
    : { pWorse: null, pBetter: null };
  const decide = (promoted: boolean, reason: string): PromotionDecision => ({ promoted, reason, ...tests });

  if (samples < settings.minHoldout) {
    return decide(false, `only ${samples} held-out samples; ${settings.minHoldout} are needed to judge`);
  }
  if (!champion) {
    return challenger.correct > majorityCorrect
      ? decide(true, `first model: ${challenger.correct} of ${samples} right, the majority answer ${majorityCorrect}`)
      : decide(
          false,
          `no better than the majority answer: ${challenger.correct} against ${majorityCorrect} of ${samples}`,
        );
  }
  const count = `${challenger.correct} against ${champion.correct} of ${samples} right (${wins} gained, ${losses} lost)`;
  if (tests.pWorse !== null && tests.pWorse < settings.alpha) return decide(false, `significantly worse: ${count}`);
  if (challenger.correct <= champion.correct) return decide(false, `not better: ${count}`);
  if (losses > settings.maxNegativeFlipRate * samples)
    return decide(false, `too many answers would turn wrong: ${count}`);
  return decide(true, `better: ${count}`);
}
