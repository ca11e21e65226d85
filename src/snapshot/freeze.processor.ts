import { freezeSnapshot } from '../jobs.js';
import { ModelRuntime } from '../platform/model-runtime/model-runtime.js';
import type { PayloadOf } from '../platform/queue/define-job.js';
import { Handles, JobProcessor } from '../platform/queue/job-processor.js';
import { SnapshotService } from './snapshot.service.js';

@Handles(freezeSnapshot)
export class FreezeProcessor extends JobProcessor<typeof freezeSnapshot> {
  protected readonly job = freezeSnapshot;

  constructor(
    private readonly snapshots: SnapshotService,
    private readonly runtime: ModelRuntime,
  ) {
    super();
  }

  protected async handle(order: PayloadOf<typeof freezeSnapshot>): Promise<void> {
    if (order.runId !== null && this.config.ROLE.includes('trainer')) this.runtime.expectRun();
    await this.snapshots.freeze(order);
  }
}
