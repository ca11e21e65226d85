import type { Belief } from './crowd.js';
import { rejectedLabels, resolveLabel, saidLabels, type Statement } from './label.js';
import type { Task } from './task.js';

/** What a sample is taken for, and why. */
export interface Decided {
  readonly status: 'resolved' | 'disputed' | 'none';
  readonly label: string | null;
  /** How many of those who decide say so. */
  readonly support: number;
  readonly candidates: readonly string[];
  readonly notLabels: readonly string[];
  /** The labels that those say who decide, as often as they do. */
  readonly said: readonly string[];
}

/** A contested label after it was asked whom to believe. */
export interface Judged extends Decided {
  readonly suggested: string | null;
  /** How probable the suggestion is. */
  readonly belief: number | null;
  /** The suggestion decided, not the majority. */
  readonly isByTrust: boolean;
}

/**
 * Where people are trusted by how well they foretell each other, a label that is less probable is a dispute. On bluebirds
 * and binary1000 those below it were right at most every second time, by whichever method.
 */
const SURE = 0.75;

/** By the rules of {@link resolveLabel}. */
export function decide(statements: readonly Statement[], predicted: string | null, task: Task | null): Decided {
  const resolved = resolveLabel(statements, predicted, task);
  return {
    status: resolved.status,
    label: resolved.status === 'resolved' ? resolved.label : null,
    support: resolved.status === 'resolved' ? resolved.support : 0,
    candidates: resolved.status === 'disputed' ? resolved.candidates : [],
    notLabels: rejectedLabels(statements, predicted),
    said: saidLabels(statements, predicted),
  };
}

/** Whether those who decide say different labels. */
export const isContested = ({ said }: Decided): boolean => new Set(said).size > 1;

/**
 * The same with what is believed of the sample. Who is trusted more decides only where that is shown to be better than the
 * majority (`isBetter`), and only between labels that those who are heard said.
 */
export function judge(
  decided: Decided,
  { belief, isBetter }: { belief: Belief | undefined; isBetter: boolean },
): Judged {
  const { said } = decided;
  if (!isContested(decided) || !belief) return { ...decided, suggested: null, belief: null, isByTrust: false };
  const judged = { ...decided, suggested: belief.label, belief: belief.probability, isByTrust: false };
  const support = said.filter((label) => label === belief.label).length;
  if (!isBetter || support === 0) return judged;
  if (belief.probability < SURE) {
    return { ...judged, status: 'disputed', label: null, support: 0, candidates: [...new Set(said)].sort() };
  }
  return { ...judged, status: 'resolved', label: belief.label, support, candidates: [], isByTrust: true };
}
