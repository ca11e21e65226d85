import { Injectable } from '@nestjs/common';
import type { Watch } from '../core/comparison.js';
import { judgeFor } from '../core/judge.js';
import type { SnapshotSample } from '../core/manifest.js';
import { sequentialTest } from '../core/sequential-test.js';
import { takeBack } from '../jobs.js';
import { ObjectStore } from '../platform/object-store/object-store.js';
import { readInputs } from '../platform/object-store/snapshot-reader.js';
import { JobQueue } from '../platform/queue/job-queue.js';
import { ContenderService } from './contender.service.js';
import { type Watched, WatchStore } from './watch.store.js';

/** Is the champion worse than the model it replaced, on what people have verified since? */
@Injectable()
export class WatchService {
  constructor(
    private readonly store: WatchStore,
    private readonly contenders: ContenderService,
    private readonly objects: ObjectStore,
    private readonly jobs: JobQueue,
  ) {}

  /** Asks both models about every random audit since the promotion; the test may be asked as often as one likes. */
  async watch(projectId: string): Promise<void> {
    const watchedAt = new Date();
    const watched = await this.store.watched(projectId);
    if (!watched || watched.sampleIds.length === 0) return;
    const watch = await this.compare(watched, await this.golden(projectId, watched));
    await this.store.save(projectId, watched.promotionId, watch, watchedAt);
    if (watch.verdict === 'worse') await this.jobs.hint(takeBack, { projectId, promotionId: watched.promotionId });
  }

  /** In the order in which they were verified. */
  private async golden(projectId: string, { sampleIds }: Watched): Promise<SnapshotSample[]> {
    const samples = await readInputs(this.objects, await this.store.lines(projectId, sampleIds));
    const order = new Map(sampleIds.map((id, i) => [id, i]));
    return samples
      .filter(({ goldenAt }) => goldenAt !== undefined)
      .sort((a, b) => order.get(a.sampleId)! - order.get(b.sampleId)!);
  }

  private async compare(
    { champion, replaced, task, tolerance }: Watched,
    samples: readonly SnapshotSample[],
  ): Promise<Watch> {
    const labels = samples.map(({ label }) => label);
    const judge = judgeFor(task, labels, tolerance);
    const { answers } = await this.contenders.answers(champion, samples);
    const { answers: before } = await this.contenders.answers(replaced, samples);
    const pairs = labels.map((label, i) => ({
      isRight: judge.isRight(label, answers[i]!),
      wasRight: judge.isRight(label, before[i]!),
    }));
    return { version: champion.version, against: replaced.version, ...sequentialTest(pairs) };
  }
}
