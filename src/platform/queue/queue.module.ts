import { BullModule } from '@nestjs/bullmq';
import { type DynamicModule, Global, Module } from '@nestjs/common';
import { createPostgresBackend, type QueueOptions, runMigrations, setDefaultBackendFactory } from 'bullmq';
import pg from 'pg';
import type { JobDefinition } from './define-job.js';
import { JobQueue } from './job-queue.js';

export interface QueueSettings {
  readonly redisUrl: string | undefined;
  readonly databaseUrl: string;
}

/** Attempts, backoff and retention of every job, said here because BullMQ's own defaults lose work. */
const defaultJobOptions: QueueOptions['defaultJobOptions'] = {
  attempts: 5,
  backoff: { type: 'exponential', delay: 1_000 },
  removeOnComplete: { count: 200 },
  removeOnFail: { count: 1_000 },
};

/**
 * Chooses where BullMQ keeps its jobs; must run before the queues are made. On Postgres every queue has a small pool of its own
 * and each worker holds one connection more, to listen.
 */
export async function prepareQueueBackend({ redisUrl, databaseUrl }: QueueSettings): Promise<void> {
  if (redisUrl) return setDefaultBackendFactory();
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await runMigrations(client).finally(() => client.end());
  setDefaultBackendFactory(createPostgresBackend);
}

/** Workers wait ten seconds at most for a job; a Redis that is silent for longer than this is gone. */
const SILENCE_MS = 30_000;

@Global()
@Module({})
export class QueueModule {
  static with(settings: QueueSettings, jobs: readonly JobDefinition[]): DynamicModule {
    const { redisUrl, databaseUrl } = settings;
    const connection = redisUrl
      ? { url: redisUrl, maxRetriesPerRequest: null, socketTimeout: SILENCE_MS }
      : { connectionString: databaseUrl, max: 2 };
    return {
      module: QueueModule,
      imports: [
        BullModule.forRoot({ connection, defaultJobOptions } as QueueOptions),
        BullModule.registerQueue(...jobs.map(({ name }) => ({ name }))),
      ],
      providers: [JobQueue],
      exports: [JobQueue, BullModule],
    };
  }
}
