import { Injectable } from '@nestjs/common';
import { decide } from '../core/decided.js';
import { type FieldError, LoopError } from '../core/errors.js';
import { type FeedbackRow, feedbackRow, type PostedFeedback } from '../core/feedback-row.js';
import type { Journey } from '../core/journey.js';
import type { Outcome } from '../core/outcome.js';
import type { ProjectSettings } from '../core/settings.js';
import type { Side } from '../core/sides.js';
import { faultOfAnswer, type PostedAnswer, type Task } from '../core/task.js';
import { FeedbackIntake, type FeedbackSource, judgeCrowd, loopTick } from '../jobs.js';
import { type BatchItem, commitOnce } from '../platform/batching/commit-once.js';
import { Lanes } from '../platform/batching/lanes.js';
import type { Query } from '../platform/database/database.js';
import { Expiring } from '../platform/expiring.js';
import { JobQueue } from '../platform/queue/job-queue.js';
import { readItem } from '../platform/read-item.js';
import { FeedbackSchema } from './feedback.schema.js';
import { FeedbackStore, type Spoken } from './feedback.store.js';
import { ReceiptStore } from './receipt.store.js';

type Item = BatchItem<FeedbackRow>;
type ReadFeedback = ReturnType<typeof readItem<typeof FeedbackSchema>>;

const JUDGED_EVERY_S = 10;

/** Read before a transaction begins: what holds a connection must not wait for another one. */
interface About {
  readonly projectId: string;
  readonly task: Task | null;
}

/** What should the model have said? Joins what people say to what the model said. */
@Injectable()
export class FeedbackService extends FeedbackIntake {
  private readonly lanes = new Lanes<Item, Outcome>((projectId, items) => this.commit(projectId, items));
  /** By project, the half second of the latest tick. */
  private readonly ticked = new Map<string, number>();
  private readonly settings = new Expiring<ProjectSettings>(5_000, (projectId) => this.store.settings(projectId));

  constructor(
    private readonly store: FeedbackStore,
    private readonly receipts: ReceiptStore,
    private readonly jobs: JobQueue,
  ) {
    super();
  }

  /** Resolves when the batch they share is committed, joined to its predictions and the labels are decided anew. */
  async accept(source: FeedbackSource, items: readonly unknown[]): Promise<Outcome[]> {
    const now = new Date();
    const read = items.map((item) => readItem(FeedbackSchema, item));
    const task = (await this.task(source.projectId)) ?? (await this.firstTask(source.projectId, read));
    const origin = { keyId: source.keyId, client: source.client ?? null };
    return this.lanes.submit(
      source.projectId,
      read.map((item) => {
        const errors = 'errors' in item ? item.errors : faultsOf(task, item.value);
        if (errors.length > 0) return { rejected: { status: 'rejected', errors } };
        return feedbackRow((item as { value: PostedFeedback }).value, origin, now);
      }),
    );
  }

  /** A project none of whose predictions has an answer has the task of the first thing that people say, from now on. */
  private firstTask(projectId: string, read: readonly ReadFeedback[]): Promise<Task | null> {
    const said = read.flatMap((item) => ('value' in item ? [item.value] : []));
    return this.store.fixTask(projectId, said);
  }

  /** Decides the labels of predictions that arrived after somebody had spoken about them. Idempotent. */
  async joinLate(projectId: string, predictionIds: readonly string[]): Promise<void> {
    const about = { projectId, task: await this.task(projectId) };
    await this.store.transaction(async (query) => {
      await this.store.lock(query, projectId);
      await this.decideLabels(query, about, predictionIds);
    });
    this.hintTick(projectId);
  }

  /** What became of one feedback: received, joined, in a snapshot, in a model, live. */
  async receipt(projectId: string, id: string) {
    const feedback = await this.receipts.find(projectId, id);
    if (!feedback) throw new LoopError('not-found', `There is no feedback ${id} in this project.`);
    const predictionId = await this.receipts.target(projectId, id);
    const journey = predictionId === undefined ? undefined : await this.receipts.journey(projectId, predictionId);
    return {
      id,
      kind: feedback.kind,
      label: feedback.label,
      rater: { id: feedback.raterId, role: feedback.raterRole },
      receivedAt: feedback.receivedAt,
      joinedAt: feedback.joinedAt,
      predictionId: predictionId ?? feedback.predictionId,
      ...(journey ? travelled(journey) : NOWHERE_YET),
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.lanes.drain();
  }

  private async commit(projectId: string, items: readonly Item[]): Promise<Outcome[]> {
    const outcomes = await commitOnce(items, (rows, rejected) => this.commitRound(projectId, rows, rejected));
    this.hintTick(projectId);
    return outcomes;
  }

  /** One transaction: insert, find the predictions, decide their labels. */
  private async commitRound(projectId: string, rows: readonly FeedbackRow[], rejected: number) {
    const about = { projectId, task: await this.task(projectId) };
    const { statuses, unmatched } = await this.store.transaction(async (query) => {
      const statuses = await this.store.insertOnce(query, projectId, rows, rejected);
      const accepted = rows.filter(({ id }) => statuses.get(id) === 'accepted').map(({ id }) => id);
      const predictionIds = await this.store.targets(query, projectId, accepted);
      if (predictionIds.length > 0) await this.decideLabels(query, about, predictionIds);
      return { statuses, unmatched: predictionIds.length < accepted.length ? accepted : [] };
    });
    if (unmatched.length > 0) await this.lookAgain(projectId, unmatched);
    return statuses;
  }

  /**
   * Joins feedback that is stored to predictions that have come since, and decides their labels. Idempotent. A prediction
   * committed during a transaction was invisible to it; after the commit one of the two sees the other.
   * @returns ids of the predictions
   */
  async lookAgain(projectId: string, feedbackIds: readonly string[]): Promise<string[]> {
    const about = { projectId, task: await this.task(projectId) };
    return this.store.transaction(async (query) => {
      await this.store.lock(query, projectId);
      const predictionIds = await this.store.targets(query, projectId, feedbackIds);
      if (predictionIds.length > 0) await this.decideLabels(query, about, predictionIds);
      return predictionIds;
    });
  }

  /** The lock of the project's labels must be held. */
  private async decideLabels(query: Query, about: About, predictionIds: readonly string[]): Promise<void> {
    const spoken = await this.store.join(query, about.projectId, predictionIds);
    const samples = spoken.map(({ predictionId, split, statements, predicted }) => ({
      predictionId,
      split,
      ...decide(statements, predicted, about.task),
    }));
    await this.store.upsertSamples(query, about.projectId, samples);
    if (about.task !== 'regression' && spoken.some(haveSeveralSpoken)) this.hintCrowd(about.projectId);
  }

  /** Null before the first answer; not remembered then, as it may come at any moment. */
  private async task(projectId: string): Promise<Task | null> {
    const { task } = await this.settings.get(projectId);
    if (task === null) this.settings.forget(projectId);
    return task;
  }

  /** Some seconds from now, so that many who speak at once are judged once. */
  private hintCrowd(projectId: string): void {
    void this.jobs.hint(judgeCrowd, { projectId }, JUDGED_EVERY_S);
  }

  /** At once, and then once at the end of a busy half second. */
  private hintTick(projectId: string): void {
    const halfSecond = Math.floor(Date.now() / 500);
    const isFirst = this.ticked.get(projectId) !== halfSecond;
    this.ticked.set(projectId, halfSecond);
    void this.jobs.hint(loopTick, { projectId }, isFirst ? 0 : 0.5);
  }
}

const NOWHERE_YET = { use: null, inSnapshot: null, trainedIn: null, live: null };

/** What is set aside is nearly the same as samples on both sides. */
const USES: Readonly<Record<Side, string>> = {
  train: 'trains models',
  holdout: 'judges models',
  aside: 'none: it is too like both what trains and what judges',
};

/** How far a joined feedback has come; null where it has not. */
function travelled({ side, snapshotId, snapshotAt, modelVersion, trainedAt, liveVersion, liveAt }: Journey) {
  return {
    use: USES[side],
    inSnapshot: snapshotId && { id: snapshotId, at: snapshotAt },
    trainedIn: modelVersion && { version: modelVersion, at: trainedAt },
    live: liveVersion && { version: liveVersion, at: liveAt },
  };
}

const haveSeveralSpoken = ({ statements }: Spoken): boolean =>
  statements.some(({ raterId }) => raterId !== statements[0]!.raterId);

function faultsOf(task: Task | null, posted: PostedAnswer): FieldError[] {
  const fault = task === null ? undefined : faultOfAnswer(task, posted);
  return fault ? [{ pointer: `/${fault.name}`, detail: fault.detail }] : [];
}
