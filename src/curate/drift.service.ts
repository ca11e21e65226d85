import { Injectable } from '@nestjs/common';
import { idFrom } from '../core/ids.js';
import type { ProjectSettings } from '../core/settings.js';
import { freezeSnapshot, watchDrift } from '../jobs.js';
import { JobQueue } from '../platform/queue/job-queue.js';
import { InsightService } from './insight.service.js';
import { InsightStore } from './insight.store.js';

const EVERY_MS = 3_600_000;

/** Asks every hour whether traffic has changed, and for a run where it has and there is something new to learn. */
@Injectable()
export class DriftService {
  constructor(
    private readonly store: InsightStore,
    private readonly insights: InsightService,
    private readonly jobs: JobQueue,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.jobs.repeat(watchDrift, {}, { name: 'hourly', every: EVERY_MS });
  }

  async watch(): Promise<void> {
    for (const { id, settings } of await this.store.projects()) await this.watchProject(id, settings);
  }

  private async watchProject(projectId: string, { retrain }: ProjectSettings): Promise<void> {
    const { newLabels, isRunOpen, lastSnapshotId } = await this.store.loopState(projectId);
    if (retrain.driftLabels === null || newLabels < retrain.driftLabels || isRunOpen) return;
    const alarm = (await this.insights.drift(projectId)).items.find(({ isAlarm }) => isAlarm);
    if (!alarm) return;
    const reason = `${alarm.what} has changed (index ${alarm.index.toFixed(2)}), and ${newLabels} labels are new`;
    const runId = idFrom(`drift run after ${lastSnapshotId} in ${projectId}`);
    await this.jobs.hint(freezeSnapshot, { projectId, runId, trigger: 'drift', reason });
  }
}
