import { z } from 'zod';
import type { Outcome } from './core/outcome.js';
import { defineJob } from './platform/queue/define-job.js';

/*
 * Every arrow of the loop, in loop order. A payload carries ids, never data. What comes next is said at each arrow.
 * An arrow is a hint: the rows are the truth, and `sweep` offers again whatever a lost hint was about.
 */

const projectId = z.string();
const runId = z.string();

/** capture: payloads were committed. Next: nothing; they rest in packs. */
export const packPayloads = defineJob({
  name: 'capture.pack',
  payload: z.object({ projectId }),
  key: (p) => p.projectId,
});

/** capture: now and then. Drops uploads that no prediction names. Next: nothing. */
export const dropUploads = defineJob({ name: 'capture.uploads', payload: z.object({}), key: () => 'uploads' });

/** capture: predictions arrived about which somebody had spoken before. Next: loopTick, by way of new labels. */
export const joinFeedback = defineJob({
  name: 'feedback.join',
  payload: z.object({ projectId, predictionIds: z.array(z.string()) }),
  key: (p) => `${p.projectId}.${p.predictionIds[0]}.${p.predictionIds.length}`,
});

/** feedback: accepted feedback waits for a pack; offered by the sweeper alone. Next: nothing. */
export const packFeedback = defineJob({
  name: 'feedback.pack',
  payload: z.object({ projectId }),
  key: (p) => p.projectId,
});

/**
 * feedback: several people spoke about the same, or it is an hour ago that they were compared. Whom to believe? Next:
 * loopTick, as labels may have changed.
 */
export const judgeCrowd = defineJob({
  name: 'feedback.judge',
  payload: z.object({ projectId }),
  key: (p) => p.projectId,
  comesAgain: true,
});

/**
 * Somebody should look whether a project (null: each of them) is worth training; one that is due later is a look of
 * its own. Next: freezeSnapshot.
 */
export const loopTick = defineJob({
  name: 'loop.tick',
  payload: z.object({ projectId: projectId.nullable(), dueSecond: z.number().optional() }),
  key: (p) => `${p.projectId}.${p.dueSecond ?? 'now'}`,
  comesAgain: true,
});

/** curate: every hour. Has traffic changed where there is something new to learn? Next: freezeSnapshot. */
export const watchDrift = defineJob({ name: 'curate.drift', payload: z.object({}), key: () => 'drift' });

/** snapshot: a run was decided on or asked for. Next: trainModel. */
export const freezeSnapshot = defineJob({
  name: 'snapshot.freeze',
  payload: z.object({ projectId, runId, trigger: z.string(), reason: z.string() }),
  key: (p) => p.runId,
});

/** snapshot: a dataset is frozen. Next: evaluateModel. */
export const trainModel = defineJob({
  name: 'train.run',
  payload: z.object({ projectId, runId, snapshotId: z.string() }),
  key: (p) => p.runId,
});

/** train: a model version exists. Next: promoteModel. */
export const evaluateModel = defineJob({
  name: 'evaluate.run',
  payload: z.object({ projectId, version: z.number().int() }),
  key: (p) => `${p.projectId}.${p.version}`,
});

/** evaluate: challenger and champion answered the same holdout. Next: serve follows the alias; loopTick. */
export const promoteModel = defineJob({
  name: 'promote.decide',
  payload: z.object({ projectId, version: z.number().int() }),
  key: (p) => `${p.projectId}.${p.version}`,
});

/** ops: people verified audits since the champion serves. Next: takeBack, where it is worse than what it replaced. */
export const watchChampion = defineJob({
  name: 'evaluate.watch',
  payload: z.object({ projectId }),
  key: (p) => p.projectId,
});

/** evaluate: what this promotion put in service is worse than what served before. Next: serve follows the alias. */
export const takeBack = defineJob({
  name: 'promote.takeback',
  payload: z.object({ projectId, promotionId: z.string() }),
  key: (p) => p.promotionId,
});

/**
 * ops: something happened that another program may want to know; what is due later is a job of its own. Next: nothing.
 */
export const notify = defineJob({
  name: 'ops.notify',
  payload: z.object({ dueSecond: z.number().optional() }),
  key: (p) => `${p.dueSecond ?? 'now'}`,
  comesAgain: true,
});

/** ops: every quarter of a minute and at start. Offers again what is open. */
export const sweep = defineJob({ name: 'ops.sweep', payload: z.object({}), key: () => 'sweep' });

export const JOBS = [
  packPayloads,
  dropUploads,
  joinFeedback,
  packFeedback,
  judgeCrowd,
  loopTick,
  watchDrift,
  freezeSnapshot,
  trainModel,
  evaluateModel,
  promoteModel,
  watchChampion,
  takeBack,
  notify,
  sweep,
] as const;

/*
 * Two arrows are calls, because somebody waits for the commit: an answer of the champion is captured before it is given,
 * and a reviewer's decision is feedback before the next item is shown. The stage that owns the rows provides them.
 */

/** serve -> capture. Items as POST /v1/predictions takes them; one outcome each, in order. */
export abstract class PredictionIntake {
  abstract accept(projectId: string, items: readonly unknown[]): Promise<Outcome[]>;
}

/** Whose feedback it is: the key it came with, and how the client calls itself. */
export interface FeedbackSource {
  readonly projectId: string;
  readonly keyId: string;
  readonly client?: string;
}

/** curate -> feedback. Items as POST /v1/feedback takes them; one outcome each, in order. */
export abstract class FeedbackIntake {
  abstract accept(source: FeedbackSource, items: readonly unknown[]): Promise<Outcome[]>;
}
