import { packPayloads } from '../jobs.js';
import type { PayloadOf } from '../platform/queue/define-job.js';
import { Handles, JobProcessor } from '../platform/queue/job-processor.js';
import { PackService } from './pack.service.js';

@Handles(packPayloads)
export class PackProcessor extends JobProcessor<typeof packPayloads> {
  protected readonly job = packPayloads;

  constructor(private readonly packs: PackService) {
    super();
  }

  protected handle({ projectId }: PayloadOf<typeof packPayloads>): Promise<void> {
    return this.packs.packOpen(projectId);
  }
}
