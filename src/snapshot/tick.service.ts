import { Injectable } from '@nestjs/common';
import { idFrom } from '../core/ids.js';
import { decideRetrain } from '../core/retrain-policy.js';
import type { ProjectSettings } from '../core/settings.js';
import { freezeSnapshot, loopTick } from '../jobs.js';
import { JobQueue } from '../platform/queue/job-queue.js';
import { SnapshotStore } from './snapshot.store.js';

/** Asks the retrain policy, project by project, and starts the rounds it wants. */
@Injectable()
export class TickService {
  constructor(
    private readonly store: SnapshotStore,
    private readonly jobs: JobQueue,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.jobs.repeat(loopTick, { projectId: null }, { name: 'every-minute', every: 60_000 });
    // Each project has its own nightly hour, so every hour is the night of some.
    await this.jobs.repeat(loopTick, { projectId: null }, { name: 'nightly', pattern: '0 0 * * * *' });
  }

  /** One project, or all of them. */
  async tick(projectId: string | null): Promise<void> {
    const projects =
      projectId === null
        ? await this.store.projects()
        : [{ id: projectId, settings: await this.store.settings(projectId) }];
    for (const { id, settings } of projects) await this.tickProject(id, settings);
  }

  private async tickProject(projectId: string, { retrain }: ProjectSettings): Promise<void> {
    const state = await this.store.loopState(projectId);
    const decision = decideRetrain(state, retrain);
    if (decision.fire) {
      const runId = runAfter(projectId, state.lastSnapshotId);
      await this.jobs.hint(freezeSnapshot, { projectId, runId, trigger: decision.trigger, reason: decision.reason });
    } else if (decision.againInSeconds !== undefined) {
      // Those that are due in the same second are one.
      const dueSecond = Math.ceil(Date.now() / 1000 + decision.againInSeconds);
      await this.jobs.hint(loopTick, { projectId, dueSecond }, decision.againInSeconds);
    }
  }
}

/** The run that follows a snapshot has one id, so two ticks at once start one run. */
const runAfter = (projectId: string, lastSnapshotId: string | null): string =>
  idFrom(`run after ${lastSnapshotId} in ${projectId}`);
