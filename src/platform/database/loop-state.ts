import { type LoopState, REFIT } from '../../core/retrain-policy.js';
import type { Query } from './database.js';

/** What the retrain policy decides on. Reads what is new since the last snapshot, not all there is. */
export async function readLoopState(
  query: Query,
  projectId: string,
): Promise<LoopState & { lastSnapshotId: string | null }> {
  const [row] = await query<LoopStateRow>(LOOP_STATE, [projectId]);
  return {
    now: row!.now,
    newLabels: row!.new_labels,
    firstNewLabelAt: row!.first_at,
    lastNewLabelAt: row!.last_at,
    lastSnapshotAt: row!.snapshot_at,
    lastSnapshotId: row!.snapshot_id,
    isRunOpen: row!.is_run_open,
    modelsSinceRefit: row!.models_since_refit,
  };
}

interface LoopStateRow {
  readonly now: Date;
  readonly new_labels: number;
  readonly first_at: Date | null;
  readonly last_at: Date | null;
  readonly snapshot_id: string | null;
  readonly snapshot_at: Date | null;
  readonly is_run_open: boolean;
  readonly models_since_refit: number;
}

const LOOP_STATE = `
with last as (
  select id, cut, created_at from dataset_snapshot where project_id = $1 order by created_at desc limit 1
), refit as (
  select created_at from dataset_snapshot where project_id = $1 and trigger = '${REFIT}' order by created_at desc limit 1
), before_refit as (
  select version from model_version where project_id = $1 and created_at <= (select created_at from refit)
  order by version desc limit 1)
select now() as now, count(s.*)::int as new_labels, min(s.labelled_at) as first_at, max(s.labelled_at) as last_at,
       (select id from last) as snapshot_id, (select created_at from last) as snapshot_at,
       exists (select 1 from training_run r where r.project_id = $1 and r.status in ('queued', 'running'))
       or exists (select 1 from dataset_snapshot d where d.project_id = $1 and d.id = (select id from last)
                  and d.run_id is not null and not exists (select 1 from training_run r where r.id = d.run_id))
       or exists (select 1 from model_version m where m.project_id = $1
                  and m.version = (select max(version) from model_version where project_id = $1)
                  and not exists (select 1 from promotion p where p.project_id = $1 and p.to_version = m.version)) as is_run_open,
       (select count(*)::int from model_version m where m.project_id = $1 and m.parent is not null
        and m.version > coalesce((select version from before_refit), 0)) as models_since_refit
from sample s
where s.project_id = $1 and s.status = 'resolved' and s.revision > coalesce((select cut from last), 0)`;
