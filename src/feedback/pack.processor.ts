import { packFeedback } from '../jobs.js';
import type { PayloadOf } from '../platform/queue/define-job.js';
import { Handles, JobProcessor } from '../platform/queue/job-processor.js';
import { FeedbackPackService } from './pack.service.js';

@Handles(packFeedback)
export class FeedbackPackProcessor extends JobProcessor<typeof packFeedback> {
  protected readonly job = packFeedback;

  constructor(private readonly packs: FeedbackPackService) {
    super();
  }

  protected handle({ projectId }: PayloadOf<typeof packFeedback>): Promise<void> {
    return this.packs.packOpen(projectId);
  }
}
