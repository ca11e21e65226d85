/** Why an item is in the review queue. */
export type ReviewReason = 'waiting' | 'disputed' | 'audit' | 'suspect' | 'rare' | 'unanswered' | 'uncertain';

export interface ReviewPick {
  readonly sampleId: string;
  readonly reason: ReviewReason;
  /** Probability that this item was chosen. 1 for what is chosen by rule; only an audit can be counted up from. */
  readonly probability: number;
  /** The model's answer is hidden: always for audits, at random for others, so that following it can be told from agreeing. */
  readonly isBlind: boolean;
}

export interface ReviewCandidates {
  /** What somebody waits for a person to answer, who has waited longest first. */
  readonly waiting: readonly string[];
  readonly disputed: readonly string[];
  /** Labels that models which had not seen them doubt most. */
  readonly suspects: readonly string[];
  /** Unlabelled, answered with labels that hardly any sample has yet, the rarest first. */
  readonly rare: readonly string[];
  /** Unlabelled, without an answer of any model, the latest first. */
  readonly unanswered: readonly string[];
  /** Unlabelled, the least certain first. */
  readonly uncertain: readonly string[];
  /** Held out of training, labelled or not, in random order. */
  readonly random: readonly string[];
  /** How many samples the random ones were drawn from. */
  readonly population: number;
}

const BLIND_SHARE = 0.2;
/** Of what is left after disputes and audits a fifth is new or rare, half of the rest unanswered, half of that doubted. */
const [SHARE_OF_RARE, SHARE_OF_UNANSWERED, SHARE_OF_SUSPECTS] = [0.2, 0.5, 0.5];
/** There is no answer to hide, or no time to lose. */
const NEVER_BLIND: readonly ReviewReason[] = ['waiting', 'unanswered'];

/**
 * What somebody waits for first, then disputes, a random audit of the given share, what is rare, what nothing has
 * answered, doubted labels and the least certain. No item twice, and, but for the first three, what is nearly the same as
 * another only when nothing else is left; `n` at the most.
 *
 * @param isLikeAny whether an item is nearly the same as one of the others
 * @param random numbers from 0 to 1, for which items are blind
 */
export function pickReviews(
  { waiting, disputed, suspects, rare, unanswered, uncertain, random: drawn, population }: ReviewCandidates,
  n: number,
  auditShare: number,
  {
    isLikeAny = () => false,
    random = Math.random,
  }: { isLikeAny?: (id: string, others: Iterable<string>) => boolean; random?: () => number } = {},
): ReviewPick[] {
  const picks = new Map<string, ReviewPick>();
  const pick = (ids: readonly string[], upTo: number, reason: ReviewReason, probability: number) => {
    for (const sampleId of ids) {
      if (picks.size >= upTo) return;
      const isBlind = reason === 'audit' || (!NEVER_BLIND.includes(reason) && random() < BLIND_SHARE);
      if (!picks.has(sampleId)) picks.set(sampleId, { sampleId, reason, probability, isBlind });
    }
  };
  pick(waiting, n, 'waiting', 1);
  pick(disputed, n, 'disputed', 1);
  const audits = Math.min(Math.ceil((n - picks.size) * auditShare), drawn.length);
  pick(drawn, picks.size + audits, 'audit', population === 0 ? 0 : Math.min(1, audits / population));
  /** What is like a pick of before is left out, so each is looked at when it is its turn. */
  const pickOneByOne = (ids: readonly string[], upTo: number, reason: ReviewReason) => {
    for (const id of ids) {
      if (picks.size >= upTo) return;
      if (!isLikeAny(id, picks.keys())) pick([id], upTo, reason, 1);
    }
  };
  const left = n - picks.size;
  pickOneByOne(rare, picks.size + Math.round(left * SHARE_OF_RARE), 'rare');
  pickOneByOne(unanswered, picks.size + Math.ceil((n - picks.size) * SHARE_OF_UNANSWERED), 'unanswered');
  pickOneByOne(suspects, picks.size + Math.ceil((n - picks.size) * SHARE_OF_SUSPECTS), 'suspect');
  pickOneByOne(uncertain, n, 'uncertain');
  pickOneByOne(unanswered, n, 'unanswered');
  // Rather the same again than nothing to do.
  pick(suspects, n, 'suspect', 1);
  pick(uncertain, n, 'uncertain', 1);
  pick(unanswered, n, 'unanswered', 1);
  return [...picks.values()];
}
