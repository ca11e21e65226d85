import type { Answered } from '../../core/crowd.js';
import type { Database } from './database.js';

/** Only samples that were spoken of last are looked at, so that a look costs the same whatever is stored. */
const WINDOW = 10_000;

/** The latest statement of each person about each sample that the latest statements are about, as a label. */
export function readAnswers(db: Database, projectId: string): Promise<Answered[]> {
  return db.longQuery<Answered>(ANSWERS, [projectId, WINDOW]);
}

const ANSWERS = `
with lately as (
  select f.prediction_id, f.external_id from feedback f
  where f.project_id = $1 and f.joined_at is not null and f.kind in ('correction', 'accept') order by f.seq desc limit $2
), p as (
  select distinct found.id, found.external_id, found.label, found.preview, found.input_kind from lately f cross join lateral (
    select id, external_id, label, preview, input_kind from prediction where project_id = $1 and id = f.prediction_id
    union all
    select id, external_id, label, preview, input_kind from prediction where project_id = $1 and external_id = f.external_id) found
)
select distinct on (p.id, f.rater_role, f.rater_id)
       p.id as item, f.rater_id as rater, f.rater_role as role,
       case when f.kind = 'accept' then coalesce(f.label, p.label) else f.label end as label,
       s.status, s.label as resolved, s.suggested, s.belief, coalesce(s.is_by_trust, false) as "isByTrust", p.preview,
       p.input_kind as kind,
       s.status = 'resolved' and exists (
         select 1 from review v where v.project_id = $1 and v.sample_id = p.id and v.reason = 'audit'
           and v.decision in ('correction', 'accept')) as "isGolden"
from p
cross join lateral (
  select * from feedback where project_id = $1 and prediction_id = p.id
  union all
  select * from feedback where project_id = $1 and external_id = p.external_id) f
left join sample s on s.project_id = $1 and s.prediction_id = p.id
where f.joined_at is not null
  and (f.kind = 'accept' and coalesce(f.label, p.label) is not null or f.kind = 'correction' and f.label is not null)
order by p.id, f.rater_role, f.rater_id, f.occurred_at desc, f.seq desc`;
