import { watchChampion } from '../jobs.js';
import type { PayloadOf } from '../platform/queue/define-job.js';
import { Handles, JobProcessor } from '../platform/queue/job-processor.js';
import { WatchService } from './watch.service.js';

@Handles(watchChampion)
export class WatchProcessor extends JobProcessor<typeof watchChampion> {
  protected readonly job = watchChampion;

  constructor(private readonly watches: WatchService) {
    super();
  }

  protected handle({ projectId }: PayloadOf<typeof watchChampion>): Promise<void> {
    return this.watches.watch(projectId);
  }
}
