import { takeBack } from '../jobs.js';
import type { PayloadOf } from '../platform/queue/define-job.js';
import { Handles, JobProcessor } from '../platform/queue/job-processor.js';
import { PromoteService } from './promote.service.js';

@Handles(takeBack)
export class TakeBackProcessor extends JobProcessor<typeof takeBack> {
  protected readonly job = takeBack;

  constructor(private readonly promotion: PromoteService) {
    super();
  }

  protected handle({ projectId, promotionId }: PayloadOf<typeof takeBack>): Promise<void> {
    return this.promotion.takeBack(projectId, promotionId);
  }
}
