import { joinFeedback } from '../jobs.js';
import type { PayloadOf } from '../platform/queue/define-job.js';
import { Handles, JobProcessor } from '../platform/queue/job-processor.js';
import { FeedbackService } from './feedback.service.js';

@Handles(joinFeedback)
export class JoinProcessor extends JobProcessor<typeof joinFeedback> {
  protected readonly job = joinFeedback;

  constructor(private readonly feedback: FeedbackService) {
    super();
  }

  protected handle({ projectId, predictionIds }: PayloadOf<typeof joinFeedback>): Promise<void> {
    return this.feedback.joinLate(projectId, predictionIds);
  }
}
