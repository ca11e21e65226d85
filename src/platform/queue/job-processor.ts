import { Processor, WorkerHost } from '@nestjs/bullmq';
import { Inject, Logger } from '@nestjs/common';
import { type Job, UnrecoverableError } from 'bullmq';
import { LoopError } from '../../core/errors.js';
import type { Config, Role } from '../config.js';
import { CONFIG } from '../tokens.js';
import type { JobDefinition, PayloadOf } from './define-job.js';

/** Marks the one class that handles a job. Its worker starts with the application, where the role is asked for. */
export const Handles = (job: JobDefinition, concurrency = 1): ClassDecorator =>
  Processor(job.name, {
    autorun: false,
    concurrency,
    // A job of a killed process is taken up again within half a minute; every handler may run twice.
    lockDuration: 15_000,
    stalledInterval: 10_000,
    maxStalledCount: 3,
  });

/** The receiving side of an arrow: parses on arrival, and lets the failure table decide about trying again. */
export abstract class JobProcessor<Definition extends JobDefinition> extends WorkerHost {
  @Inject(CONFIG) protected readonly config!: Config;
  private readonly log = new Logger(this.constructor.name);

  protected abstract readonly job: Definition;
  protected readonly role: Role = 'worker';

  protected abstract handle(payload: PayloadOf<Definition>): Promise<void>;

  onApplicationBootstrap(): void {
    this.worker.on('error', (error) => this.log.warn(`queue: ${error.message}`));
    if (!this.config.ROLE.includes(this.role)) return;
    this.worker.run().catch((error: Error) => this.log.error(`worker ended: ${error.message}`));
  }

  override async process(raw: Job): Promise<void> {
    const payload = this.job.payload.safeParse(raw.data);
    if (!payload.success)
      throw new UnrecoverableError(`payload of ${this.job.name} does not match: ${payload.error.message}`);
    try {
      await this.handle(payload.data as PayloadOf<Definition>);
    } catch (error) {
      this.log.error({ msg: `${this.job.name} failed`, err: error });
      if (error instanceof LoopError && !error.retryable)
        throw new UnrecoverableError(`${error.code}: ${error.message}`);
      throw error;
    }
  }
}
