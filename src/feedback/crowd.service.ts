import { Injectable } from '@nestjs/common';
import { type Answered, type CrowdVerdict, judgeAnswers } from '../core/crowd.js';
import { decide, judge } from '../core/decided.js';
import { groupBy } from '../core/tally.js';
import { loopTick } from '../jobs.js';
import { JobQueue } from '../platform/queue/job-queue.js';
import { CrowdStore } from './crowd.store.js';
import { FeedbackStore } from './feedback.store.js';

/** Samples written while the project's labels are locked. */
const AT_ONCE = 500;

/** Whom to believe where people say different things. */
@Injectable()
export class CrowdService {
  constructor(
    private readonly store: CrowdStore,
    private readonly feedback: FeedbackStore,
    private readonly jobs: JobQueue,
  ) {}

  /**
   * Finds out whom to trust, and decides anew what people say different things about, of the samples that were spoken of
   * lately; what was decided of others stands. Idempotent.
   */
  async judge(projectId: string): Promise<void> {
    const { answers, seq } = await this.store.answers(projectId);
    const { task } = await this.feedback.settings(projectId);
    // Who confuses which labels says nothing about values.
    const telling = task === 'regression' ? [] : answers;
    const verdict = judgeAnswers(telling);
    const ids = contested(telling);
    for (let start = 0; start < ids.length; start += AT_ONCE) {
      await this.decide(projectId, ids.slice(start, start + AT_ONCE), verdict);
    }
    await this.store.save(projectId, seq, verdict);
    if (ids.length > 0) await this.jobs.hint(loopTick, { projectId });
  }

  private async decide(projectId: string, ids: readonly string[], verdict: CrowdVerdict): Promise<void> {
    const isBetter = verdict.method === 'dawid-skene';
    await this.feedback.transaction(async (query) => {
      await this.feedback.lock(query, projectId);
      const spoken = await this.feedback.join(query, projectId, ids);
      const rows = spoken.map(({ predictionId, predicted, statements }) => {
        const how = { belief: verdict.beliefs.get(predictionId), isBetter };
        return { predictionId, ...judge(decide(statements, predicted, null), how) };
      });
      await this.store.judge(query, projectId, rows);
    });
  }
}

/** Samples to which people of the same role say different things. */
function contested(answers: readonly Answered[]): string[] {
  const groups = groupBy(answers, ({ item, role }) => JSON.stringify([item, role]));
  const differing = [...groups.values()].filter((group) => group.some(({ label }) => label !== group[0]!.label));
  return [...new Set(differing.map(([first]) => first!.item))];
}
