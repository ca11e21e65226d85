import { Injectable } from '@nestjs/common';
import { Database } from '../platform/database/database.js';
import { isAwaited } from '../platform/database/is-awaited.js';

/** What is older is no news. */
const NEWS_HOURS = 24;
const MOST = 100;
/** Whoever is to answer for the model is called once in so long. */
const CALL_SECONDS = 60;

/** Something that happened in a project. */
export interface Notice {
  readonly projectId: string;
  readonly type: string;
  /** Of all that happened of this type, which. */
  readonly subject: string;
  readonly at: Date;
  readonly data: object;
  /** How often it was tried to tell. */
  readonly attempts: number;
}

@Injectable()
export class NoticeStore {
  constructor(private readonly db: Database) {}

  /** What is to be told now, the oldest first: told by the rows themselves, so that nothing has to be remembered. */
  open(): Promise<Notice[]> {
    return this.db.query<Notice>(OPEN, [NEWS_HOURS, CALL_SECONDS, MOST]);
  }

  /** @param error why it was not delivered; undefined when it was */
  async tried({ projectId, type, subject, attempts }: Notice, waitSeconds: number, error?: string): Promise<void> {
    await this.db.query(
      `insert into notice (project_id, type, subject, attempts, error, due_at, delivered_at)
       values ($1, $2, $3, $4, $5, now() + make_interval(secs => $6), case when $5::text is null then now() end)
       on conflict (project_id, type, subject) do update set
         attempts = excluded.attempts, error = excluded.error, due_at = excluded.due_at,
         delivered_at = excluded.delivered_at`,
      [projectId, type, subject, attempts + 1, error ?? null, waitSeconds],
    );
  }

  async dropOld(): Promise<void> {
    await this.db.query('delete from notice where due_at < now() - make_interval(hours => $1)', [2 * NEWS_HOURS]);
  }
}

const OPEN = `
with happened as (
  select project_id, id::text as subject, created_at as at,
         'model.' || case when kind = 'rollback' then 'rolled-back' when promoted then 'promoted' else 'refused' end as type,
         jsonb_build_object('version', to_version, 'fromVersion', from_version, 'kind', kind, 'reason', reason,
                            'actor', actor) as data
  from promotion where created_at > now() - make_interval(hours => $1)
  union all
  select project_id, id::text, finished_at, 'run.' || status,
         jsonb_build_object('runId', id, 'trigger', trigger, 'error', error)
  from training_run where status in ('failed', 'refused') and finished_at > now() - make_interval(hours => $1)
  union all
  select waits.project_id, waits.prediction_id, p.received_at, 'review.waiting',
         jsonb_build_object('predictionId', waits.prediction_id, 'preview', p.preview,
                            'waitsUntil', to_char(waits.until at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
  from (select distinct on (project_id) a.* from asked a where ${isAwaited('a')}
        order by project_id, until, prediction_id) waits
  join prediction p on p.project_id = waits.project_id and p.id = waits.prediction_id
  where not exists (
    select 1 from notice where project_id = waits.project_id and type = 'review.waiting'
      and delivered_at > now() - make_interval(secs => $2))
)
select h.project_id as "projectId", h.type, h.subject, h.at, h.data, coalesce(n.attempts, 0) as attempts
from happened h
left join notice n on n.project_id = h.project_id and n.type = h.type and n.subject = h.subject
where n.subject is null or n.delivered_at is null and n.due_at <= now()
order by h.at limit $3`;
