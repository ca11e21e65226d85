import { Inject, Injectable, Logger } from '@nestjs/common';
import { Webhook } from 'standardwebhooks';
import { sha256 } from '../core/ids.js';
import { notify } from '../jobs.js';
import type { Config } from '../platform/config.js';
import { JobQueue } from '../platform/queue/job-queue.js';
import { CONFIG } from '../platform/tokens.js';
import { type Notice, NoticeStore } from './notice.store.js';

/** Whoever takes longer to answer is asked again. */
const PATIENCE_MS = 10_000;
const [FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS] = [2, 3_600];

/**
 * Tells the program at WEBHOOK_URL what happened, as the Standard Webhooks specification 1.0 says: signed, at least once,
 * with an id that stays the same when it is told again.
 */
@Injectable()
export class NoticeService {
  private readonly log = new Logger('webhook');

  constructor(
    private readonly store: NoticeStore,
    private readonly jobs: JobQueue,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Tells all that is to be told now; what is not taken is told again later, ever less often. */
  async tell(): Promise<void> {
    if (this.config.WEBHOOK_URL === undefined) return;
    await this.store.dropOld();
    for (const notice of await this.store.open()) {
      const error = await this.post(notice);
      const wait = Math.min(FIRST_WAIT_SECONDS * 4 ** notice.attempts, LONGEST_WAIT_SECONDS);
      await this.store.tried(notice, wait, error);
      if (error === undefined) continue;
      this.log.warn(`${notice.type} of ${notice.projectId} was not taken: ${error}`);
      await this.jobs.hint(notify, { dueSecond: Math.floor(Date.now() / 1_000) + wait }, wait);
    }
  }

  /** Why it was not taken; undefined when it was. */
  private async post({ projectId, type, subject, at, data }: Notice): Promise<string | undefined> {
    const id = `msg_${sha256(`${projectId} ${type} ${subject}`).slice(0, 32)}`;
    const body = JSON.stringify({ type, timestamp: at.toISOString(), data: { projectId, ...data } });
    const now = new Date();
    try {
      const answer = await fetch(this.config.WEBHOOK_URL!, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'webhook-id': id,
          'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
          'webhook-signature': new Webhook(this.config.WEBHOOK_SECRET!).sign(id, now, body),
        },
        body,
        redirect: 'error',
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      await answer.body?.cancel();
      return answer.ok ? undefined : `answered ${answer.status}`;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
}
