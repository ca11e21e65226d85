import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import { LoopError } from '../core/errors.js';
import { idFrom, isUuid, newId, seedOf } from '../core/ids.js';
import { type Page, pageOf } from '../core/page.js';
import { REFIT } from '../core/retrain-policy.js';
import { evaluateModel, freezeSnapshot, notify } from '../jobs.js';
import type { Config } from '../platform/config.js';
import {
  activationPrefixes,
  elsewhereOf,
  ModelRuntime,
  TrainingCancelled,
  TrainingFailed,
  TrainingRefused,
  type TrainingReport,
} from '../platform/model-runtime/model-runtime.js';
import { ObjectStore } from '../platform/object-store/object-store.js';
import { JobQueue } from '../platform/queue/job-queue.js';
import { CONFIG } from '../platform/tokens.js';
import { CODE_VERSION } from '../platform/version.js';
import { type ClaimedRun, type RunRow, TrainStore } from './train.store.js';

const HEARTBEAT_MS = 500;
const MAX_ATTEMPTS = 3;

/** What a person may say about a run. */
export interface RunWish {
  readonly reason?: string | undefined;
  readonly fromNothing?: boolean | undefined;
}

interface RunOrder {
  readonly projectId: string;
  readonly runId: string;
  readonly snapshotId: string;
}

/** Learn: one forked child a run, watched from here. */
@Injectable()
export class TrainService implements BeforeApplicationShutdown {
  private readonly log = new Logger(TrainService.name);
  private readonly active = new Set<AbortController>();
  private isStopping = false;

  constructor(
    private readonly store: TrainStore,
    private readonly runtime: ModelRuntime,
    private readonly objects: ObjectStore,
    private readonly jobs: JobQueue,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Asks for a run now, whatever the retrain policy thinks. With the same key it is the same run. */
  async order(projectId: string, { reason, fromNothing }: RunWish, key?: string): Promise<{ id: string }> {
    const trigger = fromNothing ? REFIT : 'manual';
    const id = key === undefined ? newId() : idFrom(`run ${key} of ${projectId}`);
    await this.store.queue({ id, projectId, trigger, seed: seedOf(id) });
    await this.jobs.hint(freezeSnapshot, { projectId, runId: id, trigger, reason: reason ?? 'asked for' });
    return { id };
  }

  /** Trains on a snapshot, unless somebody else does. Idempotent: a run that has ended is left alone. */
  async train({ projectId, runId, snapshotId }: RunOrder): Promise<void> {
    const claimed = await this.store.claim(projectId, runId, snapshotId, seedOf(runId));
    if (!claimed) return this.offerEvaluation(projectId, runId);
    try {
      const report = await this.runWatched(projectId, runId, claimed);
      const run = { ...claimed, id: runId, projectId, snapshotId };
      const version = await this.store.succeed(run, report, CODE_VERSION);
      if (version !== undefined) await this.jobs.hint(evaluateModel, { projectId, version });
    } catch (error) {
      await this.endWithout(runId, claimed.attempt, error);
    }
  }

  /** The process ends: the runs at work are given back, for the next process to begin again. */
  beforeApplicationShutdown(): void {
    this.isStopping = true;
    for (const abort of this.active) abort.abort();
  }

  async cancel(projectId: string, runId: string, actor: string) {
    await this.find(projectId, runId);
    await this.store.cancel(projectId, runId, actor);
    return this.read(projectId, runId);
  }

  async read(projectId: string, runId: string) {
    const run = await this.find(projectId, runId);
    const decisions = await this.store.decisions(projectId, run.modelVersion === null ? [] : [run.modelVersion]);
    return shown(run, decisions);
  }

  async list(
    projectId: string,
    page: { limit: number; cursor?: string | undefined },
  ): Promise<Page<ReturnType<typeof shown>>> {
    const runs = await this.store.list(projectId, page);
    const versions = runs.flatMap(({ modelVersion }) => modelVersion ?? []);
    const decisions = await this.store.decisions(projectId, versions);
    return pageOf(
      runs,
      page.limit,
      ({ createdAt }) => createdAt.toISOString(),
      (run) => shown(run, decisions),
    );
  }

  private async find(projectId: string, runId: string): Promise<RunRow> {
    const run = isUuid(runId) ? await this.store.find(projectId, runId) : null;
    if (!run) throw new LoopError('not-found', `There is no run ${runId} in this project.`);
    return run;
  }

  /** Runs the child and keeps the row alive; a cancelled or overtaken run is aborted within a heartbeat. */
  private async runWatched(projectId: string, runId: string, claimed: ClaimedRun): Promise<TrainingReport> {
    const { attempt, seed, settings, base, manifestKey, snapshotSha256, champion } = claimed;
    const abort = new AbortController();
    this.active.add(abort);
    let latest = { fraction: 0, note: 'starting' };
    const heart = setInterval(() => {
      this.store.beat(runId, attempt, latest.fraction, latest.note).then(
        (isWanted) => isWanted || abort.abort(),
        (error: Error) => this.log.warn(`run ${runId}: no heartbeat: ${error.message}`),
      );
    }, HEARTBEAT_MS);
    try {
      return await this.runtime.train(
        {
          store: this.objects.config,
          manifestKey,
          ...elsewhereOf(this.config, { ...claimed, runId }),
          ...(base ? { base: { ...base, cachePrefix: activationPrefixes(projectId, base.hash).ofToday } } : {}),
          ...(champion ? { parentPrefix: champion.prefix } : {}),
          outputPrefix: `models/${projectId}/${runId}/${attempt}/`,
          seed,
          settings,
          backend: this.config.TRAINER_BACKEND,
          provenance: { snapshotSha256, parentVersion: champion?.version ?? null, codeVersion: CODE_VERSION },
        },
        { onProgress: (fraction, note) => (latest = { fraction, note }), signal: abort.signal },
      );
    } finally {
      clearInterval(heart);
      this.active.delete(abort);
    }
  }

  private async endWithout(runId: string, attempt: number, error: unknown): Promise<void> {
    const { message } = error as Error;
    if (error instanceof TrainingRefused) {
      await this.store.end(runId, attempt, 'refused', message);
      return this.jobs.hint(notify, {});
    }
    if (error instanceof TrainingCancelled && !this.isStopping) {
      return this.store.end(runId, attempt, 'cancelled', message);
    }
    const isFinal = error instanceof TrainingFailed && attempt >= MAX_ATTEMPTS;
    await this.store.end(runId, attempt, isFinal ? 'failed' : 'queued', message);
    if (!isFinal) throw error;
    await this.jobs.hint(notify, {});
  }

  /** A process that ended between the model and its evaluation is made good for here. */
  private async offerEvaluation(projectId: string, runId: string): Promise<void> {
    const run = await this.store.find(projectId, runId);
    if (run?.modelVersion) await this.jobs.hint(evaluateModel, { projectId, version: run.modelVersion });
  }
}

/** A run as the API shows it. It has succeeded when its model is judged, not when it is only trained. */
function shown(run: RunRow, decisions: Awaited<ReturnType<TrainStore['decisions']>>) {
  const { projectId: _projectId, heartbeatAt: _heartbeatAt, ...row } = run;
  const promotion = run.modelVersion === null ? undefined : decisions.get(run.modelVersion);
  const isJudged = promotion !== undefined || run.status !== 'succeeded';
  return {
    ...row,
    status: isJudged ? run.status : 'running',
    progress: isJudged ? run.progress : 0.98,
    note: isJudged ? run.note : 'judging',
    decision: promotion
      ? {
          promoted: promotion.promoted,
          reason: promotion.reason,
          ...(promotion.numbers as object),
          decidedAt: promotion.createdAt,
        }
      : null,
  };
}
