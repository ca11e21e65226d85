import { median } from './errors-of-values.js';
import { countBy } from './tally.js';
import { type Task, valueOf, valueText } from './task.js';

export type RaterRole = 'annotator' | 'user' | 'system';
export type FeedbackKind = 'correction' | 'accept' | 'reject' | 'partial' | 'skip' | 'rating' | 'comment';

/** One rater's statement about one prediction. */
export interface Statement {
  readonly feedbackId: string;
  readonly kind: FeedbackKind;
  readonly label?: string | null;
  readonly notLabel?: string | null;
  readonly raterId: string;
  readonly raterRole: RaterRole;
  /** Milliseconds since 1970. */
  readonly occurredAt: number;
  /** Order of arrival. */
  readonly seq: bigint;
}

export type ResolvedLabel =
  | { readonly status: 'resolved'; readonly label: string; readonly support: number }
  | { readonly status: 'disputed'; readonly candidates: readonly string[] }
  | { readonly status: 'none' };

/** A label as it was said, and its place in the order in which labels were decided. */
export interface RevisedLabel {
  readonly sampleId: string;
  readonly label: string;
  readonly revision: string;
}

/** Who is heard first: the lower roles count only where no higher one spoke. */
const ROLES: readonly RaterRole[] = ['annotator', 'user', 'system'];

/**
 * The label of a sample as a function of all that was said about it, in whatever order it came.
 * A rater's latest statement replaces the earlier ones; annotators overrule users, users overrule systems; among equals
 * the majority wins; a tie, or as many who reject the label as stand for it, is a dispute, never a guess. The model's
 * own answer (`predicted`, null where there is none) counts only where a rater accepted it. Of values it is the median,
 * which one who is far off does not move.
 */
export function resolveLabel(
  statements: readonly Statement[],
  predicted: string | null,
  task?: Task | null,
): ResolvedLabel {
  const voices = voicesHeard(statements);
  const said = voices.flatMap((voice) => labelFor(voice, predicted) ?? []);
  const against = countBy(voices.flatMap((voice) => labelAgainst(voice, predicted) ?? []));
  if (task === 'regression') return resolveValue(said, predicted === null ? 0 : (against.get(predicted) ?? 0));
  const votes = countBy(said);
  if (votes.size === 0) return { status: 'none' };

  const most = Math.max(...votes.values());
  const leaders = [...votes].filter(([, count]) => count === most).map(([label]) => label);
  const [label] = leaders;
  return leaders.length === 1 && most > (against.get(label!) ?? 0)
    ? { status: 'resolved', label: label!, support: most }
    : { status: 'disputed', candidates: leaders.sort() };
}

/** @param against how many of the same role only said that the answer is wrong */
function resolveValue(said: readonly string[], against: number): ResolvedLabel {
  const values = said.map(valueOf).filter(Number.isFinite);
  if (values.length === 0) return { status: 'none' };
  if (values.length > against) return { status: 'resolved', label: valueText(median(values)), support: values.length };
  return { status: 'disputed', candidates: [...new Set(values)].sort((a, b) => a - b).map(valueText) };
}

/** The labels that those say who are heard, as often as they do. */
export function saidLabels(statements: readonly Statement[], predicted: string | null): string[] {
  return voicesHeard(statements).flatMap((voice) => labelFor(voice, predicted) ?? []);
}

/** Labels that somebody said are wrong, sorted, once each. */
export function rejectedLabels(statements: readonly Statement[], predicted: string | null): string[] {
  const latest = latestOfEachRater(statements.filter(speaksOfLabel));
  return [...countBy(latest.flatMap((voice) => labelAgainst(voice, predicted) ?? [])).keys()].sort();
}

/** The total order of statements: when it happened, then when it arrived, then its id. */
export function compareStatements(a: Statement, b: Statement): number {
  if (a.occurredAt !== b.occurredAt) return a.occurredAt - b.occurredAt;
  if (a.seq !== b.seq) return a.seq < b.seq ? -1 : 1;
  return a.feedbackId < b.feedbackId ? -1 : 1;
}

const speaksOfLabel = ({ kind }: Statement): boolean => ['correction', 'accept', 'reject', 'partial'].includes(kind);

/** What each rater of the highest role that spoke said last. */
function voicesHeard(statements: readonly Statement[]): Statement[] {
  const latest = latestOfEachRater(statements.filter(speaksOfLabel));
  const role = ROLES.find((candidate) => latest.some(({ raterRole }) => raterRole === candidate));
  return latest.filter(({ raterRole }) => raterRole === role);
}

function latestOfEachRater(statements: readonly Statement[]): Statement[] {
  const latest = new Map<string, Statement>();
  for (const statement of [...statements].sort(compareStatements)) {
    latest.set(`${statement.raterRole} ${statement.raterId}`, statement);
  }
  return [...latest.values()];
}

function labelFor({ kind, label }: Statement, predicted: string | null): string | null {
  if (kind === 'accept') return label ?? predicted;
  return kind === 'correction' ? (label ?? null) : null;
}

function labelAgainst({ kind, notLabel }: Statement, predicted: string | null): string | null {
  if (kind === 'reject') return predicted;
  return kind === 'partial' ? (notLabel ?? null) : null;
}
