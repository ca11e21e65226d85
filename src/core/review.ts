/** Why an item is in the review queue. */
export type ReviewReason = 'disputed' | 'audit' | 'suspect' | 'uncertain';

export interface ReviewPick {
  readonly sampleId: string;
  readonly reason: ReviewReason;
  /** Probability that this item was chosen. 1 for what is chosen by rule; only an audit can be counted up from. */
  readonly probability: number;
}

export interface ReviewCandidates {
  readonly disputed: readonly string[];
  /** Labels that models which had not seen them doubt most. */
  readonly suspects: readonly string[];
  /** Unlabelled, the least certain first. */
  readonly uncertain: readonly string[];
  /** Held out of training, labelled or not, in random order. */
  readonly random: readonly string[];
  /** How many samples the random ones were drawn from. */
  readonly population: number;
}

/**
 * Disputes first, then a random audit of the given share, then suspects (half of what is left) and the least certain. No
 * item twice, `n` at the most.
 */
export function pickReviews(
  { disputed, suspects, uncertain, random, population }: ReviewCandidates,
  n: number,
  auditShare: number,
): ReviewPick[] {
  const picks = new Map<string, ReviewPick>();
  const pick = (ids: readonly string[], upTo: number, reason: ReviewReason, probability: number) => {
    for (const sampleId of ids) {
      if (picks.size >= upTo) return;
      if (!picks.has(sampleId)) picks.set(sampleId, { sampleId, reason, probability });
    }
  };
  pick(disputed, n, 'disputed', 1);
  const audits = Math.min(Math.ceil((n - picks.size) * auditShare), random.length);
  pick(random, picks.size + audits, 'audit', population === 0 ? 0 : Math.min(1, audits / population));
  pick(suspects, picks.size + Math.ceil((n - picks.size) / 2), 'suspect', 1);
  pick(uncertain, n, 'uncertain', 1);
  pick(suspects, n, 'suspect', 1);
  return [...picks.values()];
}
