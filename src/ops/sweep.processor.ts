import { sweep } from '../jobs.js';
import { Handles, JobProcessor } from '../platform/queue/job-processor.js';
import { SweepService } from './sweep.service.js';

@Handles(sweep)
export class SweepProcessor extends JobProcessor<typeof sweep> {
  protected readonly job = sweep;

  constructor(private readonly sweeper: SweepService) {
    super();
  }

  protected handle(): Promise<void> {
    return this.sweeper.sweep();
  }
}
