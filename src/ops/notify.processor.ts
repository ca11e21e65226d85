import { notify } from '../jobs.js';
import { Handles, JobProcessor } from '../platform/queue/job-processor.js';
import { NoticeService } from './notice.service.js';

@Handles(notify)
export class NotifyProcessor extends JobProcessor<typeof notify> {
  protected readonly job = notify;

  constructor(private readonly notices: NoticeService) {
    super();
  }

  protected handle(): Promise<void> {
    return this.notices.tell();
  }
}
