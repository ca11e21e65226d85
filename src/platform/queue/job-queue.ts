import { getQueueToken } from '@nestjs/bullmq';
import { Injectable, Logger } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { type Queue, RedisQueueBackend } from 'bullmq';
import { within } from '../within.js';
import type { JobDefinition, PayloadOf } from './define-job.js';

/** How often the queue is asked whether it still knows its schedules. */
const REMIND_MS = 10_000;
type Schedule = { readonly name: string; readonly every: number } | { readonly name: string; readonly pattern: string };

/** Who offers a job does not wait longer than this for a queue that is away. */
const PATIENCE_MS = 5_000;

/** Keys remembered; beyond, all are forgotten, which only costs some hints more. */
const MOST_DUE = 10_000;

/** The sending side of the loop's arrows. */
@Injectable()
export class JobQueue {
  private readonly log = new Logger(JobQueue.name);

  constructor(private readonly modules: ModuleRef) {}

  private readonly schedules: { isKnown(): Promise<boolean>; tell(): Promise<void> }[] = [];
  private reminder: NodeJS.Timeout | undefined;
  private isClosing = false;
  /** Until when the latest delayed hint of each key has not come due in this process. */
  private readonly due = new Map<string, number>();

  /**
   * Offers a job. A hint, not a record: the rows are the truth and the sweeper finds what a lost hint was about, so a
   * queue that does not answer is logged and never fails the caller. A delayed hint is left out while one with its key
   * is not due yet: the job that comes then sees all that was committed before.
   */
  async hint<Job extends JobDefinition>(job: Job, payload: PayloadOf<Job>, delaySeconds = 0): Promise<void> {
    if (this.isClosing) return;
    const id = `${job.name} ${job.key(payload)}`;
    if (delaySeconds > 0 && this.isComing(id)) return;
    if (delaySeconds > 0) this.due.set(id, Date.now() + delaySeconds * 1000);
    try {
      const added = this.queue(job).add(job.name, payload, {
        delay: Math.ceil(delaySeconds * 1000),
        deduplication: { id: job.key(payload), keepLastIfActive: job.comesAgain ?? false },
      });
      await within(PATIENCE_MS, added);
    } catch (error) {
      this.due.delete(id);
      this.log.warn(`${job.name} was not offered: ${(error as Error).message}`);
    }
  }

  private isComing(id: string): boolean {
    if (this.due.size > MOST_DUE) this.due.clear();
    return (this.due.get(id) ?? 0) > Date.now();
  }

  /**
   * Makes a job come again and again, by interval or by cron pattern (UTC); the same name replaces the earlier one. A
   * queue that has forgotten the schedule is told again.
   */
  async repeat<Job extends JobDefinition>(job: Job, payload: PayloadOf<Job>, schedule: Schedule): Promise<void> {
    const { name, ...repeat } = schedule;
    const options = 'pattern' in repeat ? { ...repeat, tz: 'UTC' } : repeat;
    const tell = async () => {
      await this.queue(job).upsertJobScheduler(name, options, { name: job.name, data: payload });
    };
    this.schedules.push({ isKnown: async () => Boolean(await this.queue(job).getJobScheduler(name)), tell });
    this.reminder ??= setInterval(() => void this.remind(), REMIND_MS).unref();
    await tell();
  }

  /** From here on nothing is offered: the queues close, and what stays open is offered at the next start. */
  onModuleDestroy(): void {
    this.isClosing = true;
    clearInterval(this.reminder);
  }

  /** Telling it always would push the next time away, so it is told only when it does not know. */
  private async remind(): Promise<void> {
    for (const { isKnown, tell } of this.schedules) {
      try {
        if (!(await isKnown())) await tell();
      } catch (error) {
        this.log.warn(`a schedule was not looked up: ${(error as Error).message}`);
      }
    }
  }

  /** How many jobs are in which state. */
  counts(job: JobDefinition): Promise<Readonly<Record<string, number>>> {
    return within(PATIENCE_MS, this.queue(job).getJobCounts('waiting', 'active', 'delayed', 'failed'));
  }

  /** What an operator should change about the Redis of the queue; nothing where jobs are kept in Postgres. */
  async warnings(job: JobDefinition): Promise<string[]> {
    const backend: unknown = this.queue(job).getBackend();
    if (!(backend instanceof RedisQueueBackend)) return [];
    const memory = await within(
      PATIENCE_MS,
      backend.client.then((client) => client.info()),
    );
    const policy = /^maxmemory_policy:(\S+)/m.exec(memory)?.[1];
    const mayEvict = policy !== undefined && policy !== 'noeviction';
    return mayEvict ? [`Redis may evict jobs (maxmemory-policy ${policy}); set it to noeviction.`] : [];
  }

  queue(job: JobDefinition): Queue {
    return this.modules.get<Queue>(getQueueToken(job.name), { strict: false });
  }
}
