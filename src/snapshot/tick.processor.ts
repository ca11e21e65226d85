import { loopTick } from '../jobs.js';
import type { PayloadOf } from '../platform/queue/define-job.js';
import { Handles, JobProcessor } from '../platform/queue/job-processor.js';
import { TickService } from './tick.service.js';

@Handles(loopTick)
export class TickProcessor extends JobProcessor<typeof loopTick> {
  protected readonly job = loopTick;

  constructor(private readonly ticks: TickService) {
    super();
  }

  protected handle({ projectId }: PayloadOf<typeof loopTick>): Promise<void> {
    return this.ticks.tick(projectId);
  }
}
