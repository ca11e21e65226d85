import { watchDrift } from '../jobs.js';
import { Handles, JobProcessor } from '../platform/queue/job-processor.js';
import { DriftService } from './drift.service.js';

@Handles(watchDrift)
export class DriftProcessor extends JobProcessor<typeof watchDrift> {
  protected readonly job = watchDrift;

  constructor(private readonly drift: DriftService) {
    super();
  }

  protected handle(): Promise<void> {
    return this.drift.watch();
  }
}
