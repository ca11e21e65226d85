import { judgeCrowd } from '../jobs.js';
import type { PayloadOf } from '../platform/queue/define-job.js';
import { Handles, JobProcessor } from '../platform/queue/job-processor.js';
import { CrowdService } from './crowd.service.js';

@Handles(judgeCrowd)
export class CrowdProcessor extends JobProcessor<typeof judgeCrowd> {
  protected readonly job = judgeCrowd;

  constructor(private readonly crowd: CrowdService) {
    super();
  }

  protected handle({ projectId }: PayloadOf<typeof judgeCrowd>): Promise<void> {
    return this.crowd.judge(projectId);
  }
}
