import { Injectable } from '@nestjs/common';
import { Database } from '../platform/database/database.js';

/** One value of one metric, over all projects. */
export interface MetricRow {
  readonly name: string;
  readonly label: string;
  readonly value: number;
}

@Injectable()
export class MetricsStore {
  constructor(private readonly db: Database) {}

  read(): Promise<MetricRow[]> {
    return this.db.query<MetricRow>(METRICS);
  }
}

/** What has not happened yet is counted as 0: of a series that begins at 1 no alert can tell that it rose. */
const METRICS = `
select 'predictions' as name, outcome as label, coalesce(n, 0)::float8 as value
from (select sum(stored) as stored, sum(duplicate) as duplicate, sum(conflict) as conflict, sum(rejected) as rejected from ledger) books,
lateral (values ('stored', stored), ('duplicate', duplicate), ('conflict', conflict), ('rejected', rejected)) as t (outcome, n)
union all
select 'feedback', outcome, coalesce(n, 0)::float8
from (select sum(stored) as stored, sum(parked) as parked, sum(duplicate) as duplicate, sum(conflict) as conflict,
             sum(rejected) as rejected from feedback_ledger) books,
lateral (values ('stored', stored), ('parked', parked), ('duplicate', duplicate), ('conflict', conflict),
                ('rejected', rejected)) as t (outcome, n)
union all
select 'difference', 'all', coalesce(sum(d), 0)::float8 from (
  select received - stored - duplicate - conflict - rejected as d from ledger
  union all select received - stored - parked - duplicate - conflict - rejected from feedback_ledger) books
union all
select 'open_payloads', 'all', coalesce(sum(samples), 0)::float8 from payload_batch where pack_id is null
union all
select 'oldest_open_seconds', 'all', coalesce(extract(epoch from now() - min(received_at)), 0)::float8 from payload_batch where pack_id is null
union all
select 'runs', status, count(id)::float8
from unnest(array['queued', 'running', 'succeeded', 'failed', 'cancelled', 'refused']) as t (status)
left join training_run using (status) group by status
union all
select 'oldest_open_run_seconds', 'all', coalesce(extract(epoch from now() - min(created_at)), 0)::float8
from training_run where status in ('queued', 'running')
union all
select 'promotions', outcome, count(id)::float8
from unnest(array['automatic', 'manual', 'rollback', 'refused']) as t (outcome)
left join (select id, case when promoted then kind else 'refused' end as outcome from promotion) decided using (outcome)
group by outcome
union all
select 'projects', 'all', count(*)::float8 from project`;
