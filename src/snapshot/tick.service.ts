import { Injectable } from '@nestjs/common';
import { sha256 } from '../core/ids.js';
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
      const dueSecond = Math.ceil(Date.now() / 1000 + decision.againInSeconds);
      await this.jobs.hint(loopTick, { projectId, dueSecond }, decision.againInSeconds);
    }
  }
}

/** The run that follows a snapshot has one id, so two ticks at once start one run. A UUID of version 8 (RFC 9562). */
function runAfter(projectId: string, lastSnapshotId: string | null): string {
  const hex = sha256(`run after ${lastSnapshotId} in ${projectId}`);
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  );
}
