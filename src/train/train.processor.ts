import { trainModel } from '../jobs.js';
import type { PayloadOf } from '../platform/queue/define-job.js';
import { Handles, JobProcessor } from '../platform/queue/job-processor.js';
import { TrainService } from './train.service.js';

@Handles(trainModel)
export class TrainProcessor extends JobProcessor<typeof trainModel> {
  protected readonly job = trainModel;
  protected override readonly role = 'trainer';

  constructor(private readonly training: TrainService) {
    super();
  }

  protected handle(order: PayloadOf<typeof trainModel>): Promise<void> {
    return this.training.train(order);
  }
}
