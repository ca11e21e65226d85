import { canonicalJson, sha256 } from './ids.js';
import type { FeedbackKind, RaterRole } from './label.js';
import { answerText } from './task.js';
import { type Completed, completionOf, type Made, type PackLine, postedJson } from './pack-line.js';

/** Feedback as it was posted. */
export interface PostedFeedback {
  readonly id?: string;
  readonly predictionId?: string;
  readonly externalId?: string;
  readonly kind: FeedbackKind;
  readonly label?: string;
  /** In a regression, in the place of a label. */
  readonly value?: number;
  readonly notLabel?: string;
  readonly rating?: number;
  readonly comment?: string;
  readonly rater: { readonly id: string; readonly role: RaterRole };
  readonly occurredAt?: string;
}

/** Feedback as it is stored. */
export interface FeedbackRow {
  readonly id: string;
  readonly predictionId: string | null;
  readonly externalId: string | null;
  readonly kind: FeedbackKind;
  readonly label: string | null;
  readonly notLabel: string | null;
  readonly rating: number | null;
  readonly comment: string | null;
  readonly raterId: string;
  readonly raterRole: RaterRole;
  readonly bodyHash: string;
  /** What goes into a pack: see pack-line.ts. */
  readonly line: string;
  readonly keyId: string | null;
  readonly client: string | null;
  readonly occurredAt: string;
}

/** In the order in which statements take them. */
const COLUMNS = [
  'id',
  'predictionId',
  'externalId',
  'kind',
  'label',
  'notLabel',
  'rating',
  'comment',
  'raterId',
  'raterRole',
  'bodyHash',
  'keyId',
  'client',
  'occurredAt',
] as const satisfies readonly (keyof FeedbackRow)[];

/** One array a column, as `unnest` takes them. */
export const feedbackColumns = (rows: readonly FeedbackRow[]): readonly unknown[][] =>
  COLUMNS.map((name) => rows.map((row) => row[name]));

type WholeFeedback = Completed<PostedFeedback>;
type Origin = Pick<FeedbackRow, 'keyId' | 'client'>;

/** Makes the row of what was posted with a key by a client. */
export function feedbackRow(posted: PostedFeedback, origin: Origin, now: Date): FeedbackRow {
  const { id, occurredAt, made } = completionOf(posted, now);
  return rowOf({ ...posted, id, occurredAt }, made, { ...origin, bodyHash: sha256(canonicalJson(posted)) });
}

/** Makes the row again from a line of a pack: the same row. */
export function restoredFeedback({ item, made, keyId, client, hash }: PackLine<WholeFeedback>): FeedbackRow {
  const bodyHash = hash ?? sha256(postedJson(item!, made));
  return rowOf(item!, made as readonly Made[], { keyId: keyId ?? null, client: client ?? null, bodyHash });
}

function rowOf(
  item: WholeFeedback,
  made: readonly Made[],
  { keyId, client, bodyHash }: Origin & { bodyHash: string },
): FeedbackRow {
  return {
    id: item.id,
    predictionId: item.predictionId ?? null,
    externalId: item.externalId ?? null,
    kind: item.kind,
    label: answerText(item) ?? null,
    notLabel: item.notLabel ?? null,
    rating: item.rating ?? null,
    comment: item.comment ?? null,
    raterId: item.rater.id,
    raterRole: item.rater.role,
    bodyHash,
    line: JSON.stringify({ keyId, client, made, feedback: item }),
    keyId,
    client,
    occurredAt: item.occurredAt,
  };
}
