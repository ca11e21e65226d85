import { dropUploads } from '../jobs.js';
import { Handles, JobProcessor } from '../platform/queue/job-processor.js';
import { UploadService } from './upload.service.js';

@Handles(dropUploads)
export class UploadProcessor extends JobProcessor<typeof dropUploads> {
  protected readonly job = dropUploads;

  constructor(private readonly uploads: UploadService) {
    super();
  }

  protected handle(): Promise<void> {
    return this.uploads.dropUnused();
  }
}
