import { evaluateModel } from '../jobs.js';
import type { PayloadOf } from '../platform/queue/define-job.js';
import { Handles, JobProcessor } from '../platform/queue/job-processor.js';
import { EvaluateService } from './evaluate.service.js';

@Handles(evaluateModel)
export class EvaluateProcessor extends JobProcessor<typeof evaluateModel> {
  protected readonly job = evaluateModel;

  constructor(private readonly evaluation: EvaluateService) {
    super();
  }

  protected handle({ projectId, version }: PayloadOf<typeof evaluateModel>): Promise<void> {
    return this.evaluation.evaluate(projectId, version);
  }
}
