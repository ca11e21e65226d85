import type { FeedbackRow } from './feedback-row.js';
import type { Side } from './sides.js';

/** How far the label of a sample has come round the loop; null where it has not come. */
export interface Journey {
  readonly side: Side;
  readonly status: 'resolved' | 'disputed' | 'none';
  readonly label: string | null;
  readonly labelledAt: Date;
  readonly snapshotId: string | null;
  readonly snapshotAt: Date | null;
  readonly modelVersion: number | null;
  readonly trainedAt: Date | null;
  readonly liveVersion: number | null;
  readonly liveAt: Date | null;
}

/** One person's word, as it is told. */
interface Said extends Pick<FeedbackRow, 'id' | 'kind' | 'label' | 'raterId' | 'raterRole'> {
  readonly receivedAt: Date;
}

interface Travelled {
  readonly receivedAt: Date;
  readonly statements: readonly Said[];
  /** Undefined where nobody has spoken. */
  readonly journey: Journey | undefined;
}

/**
 * What became of a prediction, oldest first: it was received, people spoke, that made a label, which went into a dataset,
 * into a model (which learnt from it or was judged by it, by its side), and is live with that or a later one.
 */
export function timelineOf({ receivedAt, statements, journey }: Travelled) {
  const said = statements.map(({ id, kind, label, raterId, raterRole, receivedAt: at }) => ({
    ...{ what: 'said', at, feedbackId: id, kind, label },
    rater: { id: raterId, role: raterRole },
  }));
  return [{ what: 'received', at: receivedAt }, ...said, ...(journey ? stepsOf(journey) : [])].sort(
    (a, b) => a.at.getTime() - b.at.getTime(),
  );
}

function stepsOf(journey: Journey) {
  const { side, status, label, labelledAt } = journey;
  if (status === 'none') return [];
  const decided = { what: status === 'resolved' ? 'labelled' : 'disputed', at: labelledAt, label };
  // What is set aside is used for nothing.
  if (side === 'aside') return [{ ...decided, use: side }];
  const { snapshotId, snapshotAt, modelVersion, trainedAt, liveVersion, liveAt } = journey;
  return [
    { ...decided, use: side },
    ...(snapshotAt ? [{ what: 'in-dataset', at: snapshotAt, snapshotId }] : []),
    ...(trainedAt ? [{ what: 'in-model', at: trainedAt, version: modelVersion }] : []),
    ...(liveAt ? [{ what: 'live', at: liveAt, version: liveVersion }] : []),
  ];
}
