import { Injectable } from '@nestjs/common';
import { OURS } from '../core/prediction-row.js';
import type { ProjectSettings } from '../core/settings.js';
import { Database } from '../platform/database/database.js';
import { isInQuarantine } from '../platform/database/in-quarantine.js';
import { readSettings } from '../platform/database/project-settings.js';
import { readLoopState } from '../platform/database/loop-state.js';

/** How many of the latest promotions the console sees. */
const PROMOTIONS = 50;

export interface StageRow {
  readonly stage: string;
  readonly done: number;
  readonly last_at: Date | null;
  readonly waiting: number;
  readonly oldest_waiting_at: Date | null;
}

export interface PromotionRow {
  readonly version: number;
  readonly from_version: number | null;
  readonly kind: string;
  readonly promoted: boolean;
  readonly reason: string;
  readonly actor: string;
  readonly at: Date;
  readonly accuracy: number | null;
  readonly champion_accuracy: number | null;
  readonly samples: number | null;
  readonly train_samples: number | null;
  readonly feedback_to_live_seconds: number | null;
}

export interface LedgerRow {
  readonly source: 'predictions' | 'feedback';
  readonly received: string;
  readonly stored: string;
  readonly duplicate: string;
  readonly conflict: string;
  readonly rejected: string;
  readonly parked: string;
}

@Injectable()
export class LoopStore {
  constructor(private readonly db: Database) {}

  settings(projectId: string): Promise<ProjectSettings> {
    return readSettings(this.db, projectId);
  }

  loopState(projectId: string) {
    return readLoopState(this.db.query, projectId);
  }

  stages(projectId: string): Promise<StageRow[]> {
    return this.db.query<StageRow>(STAGES, [projectId]);
  }

  async champion(projectId: string): Promise<{ version: number; since: Date } | null> {
    const alias = await this.db.prisma.modelAlias.findUnique({
      where: { projectId_name: { projectId, name: 'champion' } },
    });
    return alias && { version: alias.version, since: alias.updatedAt };
  }

  /** Audits that people verified in these days: what decides once there are enough. */
  async goldenSamples(projectId: string, days: number): Promise<number> {
    const [row] = await this.db.query<{ count: number }>(
      `select count(*)::int as count from review v
       join sample s on s.project_id = v.project_id and s.prediction_id = v.sample_id
       left join sample_side d on d.project_id = s.project_id and d.sample_id = s.prediction_id
       where v.project_id = $1 and v.reason = 'audit' and v.decided_at > now() - make_interval(secs => $2::float8 * 86400)
         and v.decision in ('correction', 'accept') and s.split = 'holdout' and coalesce(d.side, 'holdout') = 'holdout' and s.status = 'resolved'`,
      [projectId, days],
    );
    return row!.count;
  }

  async currentRun(projectId: string) {
    return this.db.prisma.trainingRun.findFirst({
      where: { projectId, status: { in: ['queued', 'running'] } },
      orderBy: { createdAt: 'desc' },
      select: { id: true, status: true, progress: true, note: true, trigger: true, createdAt: true },
    });
  }

  /** Decisions, newest first, with what was measured for them. */
  promotions(projectId: string): Promise<PromotionRow[]> {
    return this.db.query<PromotionRow>(PROMOTIONS_WITH_NUMBERS, [projectId, PROMOTIONS]);
  }

  /** Of all samples that somebody corrected: how many there are, and how many the champion's data holds. */
  async corrections(projectId: string): Promise<{ corrected: number; honoured: number }> {
    const [row] = await this.db.query<{ corrected: number; honoured: number }>(CORRECTIONS, [projectId]);
    return row!;
  }

  ledger(projectId: string): Promise<LedgerRow[]> {
    return this.db.query<LedgerRow>(LEDGER, [projectId]);
  }
}

/** One row a stage that has something to wait for. Counters come from the ledgers, so that no table is counted through. */
const STAGES = `
select 'capture' as stage, coalesce((select stored from ledger where project_id = $1 and source = 'prediction'), 0)::float8 as done,
       (select received_at from prediction where project_id = $1 order by seq desc limit 1) as last_at,
       coalesce(sum(samples), 0)::int as waiting, min(received_at) as oldest_waiting_at
from payload_batch where project_id = $1 and pack_id is null
union all
select 'feedback', coalesce((select stored from feedback_ledger where project_id = $1), 0)::float8,
       (select max(joined_at) from (select joined_at from feedback where project_id = $1 order by seq desc limit 1000) f),
       count(*)::int, min(received_at)
from feedback where project_id = $1 and joined_at is null
union all
select 'curate', (select count(*) from review where project_id = $1 and decided_at is not null)::float8,
       (select max(decided_at) from review where project_id = $1),
       count(*)::int, min(labelled_at)
from sample where project_id = $1 and status = 'disputed'
union all
select 'snapshot', (select count(*) from dataset_snapshot where project_id = $1)::float8,
       (select max(created_at) from dataset_snapshot where project_id = $1),
       count(*)::int, min(labelled_at)
from sample where project_id = $1 and status = 'resolved'
  and revision > coalesce((select cut from dataset_snapshot where project_id = $1 order by created_at desc limit 1), 0)
union all
select 'train', count(*) filter (where status = 'succeeded')::float8, max(finished_at),
       count(*) filter (where status in ('queued', 'running'))::int, min(created_at) filter (where status in ('queued', 'running'))
from training_run where project_id = $1
union all
select 'evaluate', (select count(*) from evaluation where project_id = $1)::float8,
       (select max(created_at) from evaluation where project_id = $1), count(*)::int, min(m.created_at)
from model_version m where m.project_id = $1
  and not exists (select 1 from evaluation e where e.project_id = $1 and e.version = m.version)
union all
select 'promote', (select count(*) from promotion where project_id = $1 and promoted)::float8,
       (select max(created_at) from promotion where project_id = $1), count(*)::int, min(e.created_at)
from evaluation e where e.project_id = $1
  and not exists (select 1 from promotion p where p.project_id = $1 and p.to_version = e.version)
union all
select 'serve', coalesce(count(*), 0)::float8, max(received_at), 0, null
from (select received_at from prediction where project_id = $1 and model_name = '${OURS}' and label is not null
      order by seq desc limit 10000) served`;

/** Feedback to live: half of the labels that were new to this model had waited at most so long when it went live. */
const PROMOTIONS_WITH_NUMBERS = `
select p.to_version as version, p.from_version, p.kind, p.promoted, p.reason, p.actor, p.created_at as at,
       (p.numbers -> 'challenger' ->> 'accuracy')::float8 as accuracy,
       (p.numbers -> 'champion' ->> 'accuracy')::float8 as champion_accuracy,
       (p.numbers ->> 'samples')::int as samples, (m.metrics ->> 'trainSamples')::int as train_samples,
       case when p.promoted and p.kind = 'automatic' then (
         select percentile_cont(0.5) within group (order by extract(epoch from p.created_at - s.labelled_at))
         from sample s where s.project_id = $1 and s.status = 'resolved' and s.revision <= d.cut
           and s.revision > coalesce((
             select before.cut from model_version c join dataset_snapshot before on before.id = c.snapshot_id
             where c.project_id = $1 and c.version = p.from_version), 0)) end as feedback_to_live_seconds
from promotion p
join model_version m on m.project_id = p.project_id and m.version = p.to_version
join dataset_snapshot d on d.id = m.snapshot_id
where p.project_id = $1
order by p.created_at desc limit $2`;

/** What is kept out of training the champion does not know. */
const CORRECTIONS = `
with served as (
  select d.cut from model_alias a
  join model_version m on m.project_id = a.project_id and m.version = a.version
  join dataset_snapshot d on d.id = m.snapshot_id
  where a.project_id = $1 and a.name = 'champion')
select count(*)::int as corrected,
       count(*) filter (where s.status = 'resolved' and s.revision <= (select cut from served)
                        and not ${isInQuarantine('s')})::int as honoured
from sample s join prediction p on p.project_id = s.project_id and p.id = s.prediction_id
where s.project_id = $1 and (s.status = 'disputed' or s.label <> p.label)`;

const LEDGER = `
select 'predictions' as source, received, stored, duplicate, conflict, rejected, 0::bigint as parked
from ledger where project_id = $1 and source = 'prediction'
union all
select 'feedback', received, stored, duplicate, conflict, rejected, parked from feedback_ledger where project_id = $1`;
