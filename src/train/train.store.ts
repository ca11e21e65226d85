import { Injectable } from '@nestjs/common';
import type { BaseSpec } from '../core/base-model.js';
import { REFIT } from '../core/retrain-policy.js';
import { completeSettings, type Runner, type SettingsPatch } from '../core/settings.js';
import { Database } from '../platform/database/database.js';
import type { BaseInputs, TrainingReport, TrainingSettings } from '../platform/model-runtime/model-runtime.js';

/** A run whose trainer has been silent for this long is free for another one. */
const HEART_STOPPED_SECONDS = 10;

export type RunRow = Awaited<ReturnType<Database['prisma']['trainingRun']['findFirstOrThrow']>>;
export type RunStatus = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'refused';

/** What a claimed run works on. */
export interface ClaimedRun {
  readonly attempt: number;
  readonly seed: number;
  readonly manifestKey: string;
  readonly snapshotSha256: string;
  readonly settings: TrainingSettings;
  readonly runner: Runner;
  readonly base: BaseInputs | null;
  /** What it goes on from; null for the first model and for a refit. */
  readonly champion: { readonly version: number; readonly prefix: string } | null;
}

@Injectable()
export class TrainStore {
  constructor(private readonly db: Database) {}

  /** Harmless for a run that is there. */
  async queue(run: { id: string; projectId: string; trigger: string; seed: number }): Promise<void> {
    await this.db.prisma.trainingRun.createMany({ data: [{ ...run, status: 'queued' }], skipDuplicates: true });
  }

  /**
   * Takes a run, unless it is ended or another process is at work on it (its heart beat lately). The attempt is the
   * fence: whoever is overtaken cannot finish any more.
   */
  async claim(projectId: string, runId: string, snapshotId: string, seed: number): Promise<ClaimedRun | undefined> {
    await this.db.query(
      `insert into training_run (id, project_id, snapshot_id, trigger, status, seed)
       select $1, $2, $3, trigger, 'queued', $4 from dataset_snapshot where id = $3
       on conflict (id) do update set snapshot_id = excluded.snapshot_id`,
      [runId, projectId, snapshotId, seed],
    );
    const [row] = await this.db.query<ClaimRow>(CLAIM, [runId, HEART_STOPPED_SECONDS]);
    if (!row) return undefined;
    const champion = row.champion === null ? null : { version: row.champion, prefix: row.prefix! };
    return {
      attempt: row.attempt,
      seed: row.seed,
      manifestKey: row.manifest_key,
      snapshotSha256: row.sha256,
      settings: trainingSettingsOf(row.settings),
      runner: completeSettings(row.settings).training.runner,
      base: row.base_prefix === null ? null : baseOf(row, row.base_prefix),
      champion,
    };
  }

  /** Says that the run is alive. False when somebody cancelled it or overtook this attempt. */
  async beat(runId: string, attempt: number, progress: number, note: string): Promise<boolean> {
    const rows = await this.db.query<{ is_wanted: boolean }>(
      `update training_run set heartbeat_at = now(), progress = $3, note = $4
       where id = $1 and attempt = $2 and status = 'running' returning cancelled_by is null as is_wanted`,
      [runId, attempt, progress, note],
    );
    return rows[0]?.is_wanted ?? false;
  }

  /** Books the model version and ends the run, in one transaction; undefined when this attempt was overtaken. */
  async succeed(
    run: { id: string; projectId: string; snapshotId: string } & ClaimedRun,
    report: TrainingReport,
    codeVersion: string,
  ): Promise<number | undefined> {
    return this.db.transaction(async (query) => {
      const ended = await query(
        `update training_run set status = 'succeeded', progress = 1, note = null, finished_at = now()
         where id = $1 and attempt = $2 and status = 'running' returning id`,
        [run.id, run.attempt],
      );
      if (ended.length === 0) return undefined;
      const [row] = await query<{ version: number }>(INSERT_VERSION, [
        run.projectId,
        run.id,
        run.snapshotId,
        run.champion?.version ?? null,
        report.kind,
        report.labels,
        report.prefix,
        report.manifestSha256,
        report.bytes,
        run.seed,
        report.backend,
        codeVersion,
        JSON.stringify(report.metrics),
      ]);
      await query('update training_run set model_version = $2 where id = $1', [run.id, row!.version]);
      return row!.version;
    });
  }

  /** Makes a version and its run again. @param rows as Postgres writes them in JSON */
  async restore({ run, model }: { readonly run: object; readonly model: object }): Promise<void> {
    await this.db.query(RESTORE, [JSON.stringify(run), JSON.stringify(model)]);
  }

  /** Ends a run without a model, or gives it back for another attempt (`queued`). */
  async end(runId: string, attempt: number, status: RunStatus, error: string): Promise<void> {
    await this.db.query(
      `update training_run set status = $3, error = $4, finished_at = case when $3 = 'queued' then null else now() end
       where id = $1 and attempt = $2 and status = 'running'`,
      [runId, attempt, status, error],
    );
  }

  /** Cancels: at once when the run has not begun, else by telling whoever is at work. */
  async cancel(projectId: string, runId: string, actor: string): Promise<void> {
    await this.db.query(
      `update training_run set cancelled_by = $3,
         status = case when status = 'queued' then 'cancelled' else status end,
         finished_at = case when status = 'queued' then now() else finished_at end
       where project_id = $1 and id = $2 and status in ('queued', 'running')`,
      [projectId, runId, actor],
    );
  }

  find(projectId: string, id: string): Promise<RunRow | null> {
    return this.db.prisma.trainingRun.findFirst({ where: { projectId, id } });
  }

  list(projectId: string, { limit, cursor }: { limit: number; cursor?: string | undefined }): Promise<RunRow[]> {
    return this.db.prisma.trainingRun.findMany({
      where: { projectId, ...(cursor ? { createdAt: { lt: new Date(cursor) } } : {}) },
      orderBy: { createdAt: 'desc' },
      take: limit + 1,
    });
  }

  /** The decisions on the versions that runs made, by version; the automatic one where there are several. */
  async decisions(projectId: string, versions: readonly number[]) {
    const rows = await this.db.prisma.promotion.findMany({
      where: { projectId, toVersion: { in: [...versions] }, kind: 'automatic' },
    });
    return new Map(rows.map((row) => [row.toVersion, row]));
  }
}

function trainingSettingsOf(stored: SettingsPatch): TrainingSettings {
  const { training, labels, task } = completeSettings(stored);
  return { halfLifeDays: training.halfLifeDays, labels, ...(task === 'regression' ? { task } : {}) };
}

const baseOf = ({ base_spec: spec, base_hash: hash, base_features: size }: ClaimRow, prefix: string): BaseInputs => ({
  kind: 'base',
  of: spec!.input.kind,
  spec: spec!,
  prefix,
  hash: hash!,
  size: size!,
});

interface ClaimRow {
  readonly base_prefix: string | null;
  readonly base_hash: string | null;
  readonly base_spec: BaseSpec | null;
  readonly base_features: number | null;
  readonly attempt: number;
  readonly seed: number;
  readonly manifest_key: string;
  readonly sha256: string;
  readonly settings: SettingsPatch;
  readonly champion: number | null;
  readonly prefix: string | null;
}

const CLAIM = `
with claimed as (
  update training_run set status = 'running', attempt = attempt + 1, started_at = coalesce(started_at, now()),
                          heartbeat_at = now(), error = null
  where id = $1 and (status = 'queued'
                     or (status = 'running' and heartbeat_at < now() - make_interval(secs => $2)))
  returning project_id, snapshot_id, attempt, seed, trigger
)
select c.attempt, c.seed, d.manifest_key, d.sha256, p.settings, a.version as champion, m.prefix,
       b.prefix as base_prefix, b.hash as base_hash, b.spec as base_spec, b.features as base_features
from claimed c
join project p on p.id = c.project_id
join dataset_snapshot d on d.id = c.snapshot_id
left join model_alias a on a.project_id = c.project_id and a.name = 'champion' and c.trigger <> '${REFIT}'
left join model_version m on m.project_id = a.project_id and m.version = a.version
left join lateral (
  select * from base_model where project_id = c.project_id and retired_at is null order by created_at desc limit 1
) b on true`;

const INSERT_VERSION = `
insert into model_version (project_id, version, run_id, snapshot_id, parent, kind, labels, prefix, sha256, bytes, seed,
                           backend, code_version, metrics)
select $1, coalesce(max(version), 0) + 1, $2::uuid, $3::uuid, $4::int, $5, $6::text[], $7, $8, $9::int, $10::int, $11, $12, $13::jsonb
from model_version where project_id = $1
returning version`;

const RESTORE = `
with restored as (
  insert into training_run select * from jsonb_populate_record(null::training_run, $1) on conflict do nothing
)
insert into model_version select * from jsonb_populate_record(null::model_version, $2) on conflict do nothing`;
