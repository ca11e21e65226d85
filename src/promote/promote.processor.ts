import { promoteModel } from '../jobs.js';
import type { PayloadOf } from '../platform/queue/define-job.js';
import { Handles, JobProcessor } from '../platform/queue/job-processor.js';
import { PromoteService } from './promote.service.js';

@Handles(promoteModel)
export class PromoteProcessor extends JobProcessor<typeof promoteModel> {
  protected readonly job = promoteModel;

  constructor(private readonly promotion: PromoteService) {
    super();
  }

  protected handle({ projectId, version }: PayloadOf<typeof promoteModel>): Promise<void> {
    return this.promotion.decide(projectId, version);
  }
}
