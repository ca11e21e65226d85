import { Injectable } from '@nestjs/common';
import {
  evaluateModel,
  freezeSnapshot,
  joinFeedback,
  judgeCrowd,
  notify,
  packFeedback,
  packPayloads,
  promoteModel,
  sweep,
  takeBack,
  trainModel,
  watchChampion,
} from '../jobs.js';
import { JobQueue } from '../platform/queue/job-queue.js';
import { IdempotencyStore } from './idempotency.store.js';
import { type OpenRun, type ParkedCursor, SweepStore } from './sweep.store.js';

const EVERY_MS = 15_000;
const JOINS_A_JOB = 500;
const FROM_THE_FIRST: ParkedCursor = { projectId: '', seq: '0' };

/**
 * Offers again what is open, so that a queue that forgets everything is harmless. Bounded, and each offer is one that a
 * stage takes twice without harm.
 */
@Injectable()
export class SweepService {
  /** Where the next look at parked feedback begins; each process goes round by itself. */
  private parkedFrom: ParkedCursor = FROM_THE_FIRST;

  constructor(
    private readonly store: SweepStore,
    private readonly requests: IdempotencyStore,
    private readonly jobs: JobQueue,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.jobs.repeat(sweep, {}, { name: 'sweep', every: EVERY_MS });
    await this.jobs.hint(sweep, {});
  }

  async sweep(): Promise<void> {
    for (const projectId of await this.store.projectsWithOpenPayloads())
      await this.jobs.hint(packPayloads, { projectId });
    for (const projectId of await this.store.projectsWithUnpackedFeedback())
      await this.jobs.hint(packFeedback, { projectId });
    for (const projectId of await this.store.projectsWithNewAnswers()) await this.jobs.hint(judgeCrowd, { projectId });
    await this.offerJoins();
    await this.requests.dropOld();
    await this.jobs.hint(notify, {});
    for (const run of await this.store.openRuns()) await this.offerRun(run);
    for (const { projectId, promotionId, verdict } of await this.store.openWatches()) {
      if (verdict === 'worse') await this.jobs.hint(takeBack, { projectId, promotionId });
      else await this.jobs.hint(watchChampion, { projectId });
    }
    for (const { project_id: projectId, version, is_evaluated } of await this.store.openVersions()) {
      await this.jobs.hint(is_evaluated ? promoteModel : evaluateModel, { projectId, version });
    }
  }

  private async offerJoins(): Promise<void> {
    const { pairs, next } = await this.store.parkedPairs(this.parkedFrom);
    this.parkedFrom = next ?? FROM_THE_FIRST;
    for (const projectId of new Set(pairs.map((pair) => pair.projectId))) {
      const members = pairs.filter((pair) => pair.projectId === projectId);
      for (let start = 0; start < members.length; start += JOINS_A_JOB) {
        const predictionIds = members.slice(start, start + JOINS_A_JOB).map(({ predictionId }) => predictionId);
        await this.jobs.hint(joinFeedback, { projectId, predictionIds });
      }
    }
  }

  private async offerRun({
    project_id: projectId,
    run_id: runId,
    snapshot_id: snapshotId,
    trigger,
  }: OpenRun): Promise<void> {
    if (snapshotId !== null) await this.jobs.hint(trainModel, { projectId, runId, snapshotId });
    else await this.jobs.hint(freezeSnapshot, { projectId, runId, trigger, reason: 'offered again by the sweeper' });
  }
}
