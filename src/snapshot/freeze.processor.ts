import { freezeSnapshot } from '../jobs.js';
import type { PayloadOf } from '../platform/queue/define-job.js';
import { Handles, JobProcessor } from '../platform/queue/job-processor.js';
import { SnapshotService } from './snapshot.service.js';

@Handles(freezeSnapshot)
export class FreezeProcessor extends JobProcessor<typeof freezeSnapshot> {
  protected readonly job = freezeSnapshot;

  constructor(private readonly snapshots: SnapshotService) {
    super();
  }

  protected async handle(order: PayloadOf<typeof freezeSnapshot>): Promise<void> {
    await this.snapshots.freeze(order);
  }
}
