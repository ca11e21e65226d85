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

const METRICS = `
select 'predictions' as name, outcome as label, sum(n)::float8 as value
from ledger, lateral (values ('stored', stored), ('duplicate', duplicate), ('conflict', conflict), ('rejected', rejected)) as t (outcome, n)
group by outcome
union all
select 'feedback', outcome, sum(n)::float8
from feedback_ledger, lateral (values ('stored', stored), ('parked', parked), ('duplicate', duplicate),
                                      ('conflict', conflict), ('rejected', rejected)) as t (outcome, n)
group by outcome
union all
select 'difference', 'all', coalesce(sum(d), 0)::float8 from (
  select received - stored - duplicate - conflict - rejected as d from ledger
  union all select received - stored - parked - duplicate - conflict - rejected from feedback_ledger) books
union all
select 'open_payloads', 'all', coalesce(sum(samples), 0)::float8 from payload_batch where pack_id is null
union all
select 'oldest_open_seconds', 'all', coalesce(extract(epoch from now() - min(received_at)), 0)::float8 from payload_batch where pack_id is null
union all
select 'runs', status, count(*)::float8 from training_run group by status
union all
select 'promotions', case when promoted then kind else 'refused' end, count(*)::float8 from promotion group by 2
union all
select 'projects', 'all', count(*)::float8 from project`;
