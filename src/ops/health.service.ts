import { Injectable } from '@nestjs/common';
import { loopTick } from '../jobs.js';
import { ObjectStore } from '../platform/object-store/object-store.js';
import { JobQueue } from '../platform/queue/job-queue.js';
import { within } from '../platform/within.js';
import { HealthStore } from './health.store.js';

const PATIENCE_MS = 3_000;

export interface Readiness {
  readonly status: 'ready' | 'not ready';
  readonly checks: Readonly<Record<string, string>>;
  /** What is no danger to acknowledged data and still wants an operator. */
  readonly warnings: readonly string[];
}

/** Can it do its work? */
@Injectable()
export class HealthService {
  constructor(
    private readonly store: HealthStore,
    private readonly objects: ObjectStore,
    private readonly jobs: JobQueue,
  ) {}

  /** Asks every part that is needed; each has its word, `ok` or what is wrong. */
  async readiness(): Promise<Readiness> {
    const parts: Readonly<Record<string, () => Promise<unknown>>> = {
      database: () => this.requireDurableCommits(),
      objectStore: () => this.objects.find('health/none'),
      queue: () => this.jobs.counts(loopTick),
    };
    const words = await Promise.all(
      Object.entries(parts).map(async ([name, ask]) => [name, await wordOf(ask)] as const),
    );
    const isReady = words.every(([, word]) => word === 'ok');
    const warnings = await this.jobs.warnings(loopTick).catch(() => []);
    return { status: isReady ? 'ready' : 'not ready', checks: Object.fromEntries(words), warnings };
  }

  /** A 202 promises what a commit promises; a Postgres that does not flush its commits makes it a lie. */
  private async requireDurableCommits(): Promise<void> {
    const unsafe = await this.store.unsafeSettings();
    if (unsafe.length > 0) throw new Error(`Postgres runs with ${unsafe.join(', ')} off; switch it on.`);
  }
}

const wordOf = (ask: () => Promise<unknown>): Promise<string> =>
  within(PATIENCE_MS, ask()).then(
    () => 'ok',
    (error: Error) => error.message || error.name,
  );
