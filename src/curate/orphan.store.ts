import { Injectable } from '@nestjs/common';
import { Database } from '../platform/database/database.js';

/** Only the latest parked feedback is looked through, so that the cost has a bound. */
const WINDOW = 10_000;
const EXAMPLES = 3;

/** Feedback of one client whose predictions have not arrived. */
export interface OrphanRow {
  readonly keyId: string | null;
  readonly keyName: string | null;
  /** How the client calls itself (its User-Agent). */
  readonly client: string | null;
  readonly parked: number;
  readonly oldestAt: Date;
  readonly latestAt: Date;
  /** The latest, as the client named what they speak about. */
  readonly examples: readonly {
    readonly feedbackId: string;
    readonly predictionId?: string;
    readonly externalId?: string;
  }[];
}

@Injectable()
export class OrphanStore {
  constructor(private readonly db: Database) {}

  /** Parked feedback by key and client, the worst first. */
  byClient(projectId: string): Promise<OrphanRow[]> {
    return this.db.query<OrphanRow>(ORPHANS, [projectId, WINDOW, EXAMPLES]);
  }
}

const ORPHANS = `
with parked as (
  select * from feedback where project_id = $1 and joined_at is null order by seq desc limit $2)
select f.key_id as "keyId", k.name as "keyName", f.client, count(*)::int as parked,
       min(f.received_at) as "oldestAt", max(f.received_at) as "latestAt",
       (array_agg(jsonb_strip_nulls(jsonb_build_object(
          'feedbackId', f.id, 'predictionId', f.prediction_id, 'externalId', f.external_id)) order by f.seq desc))[1:$3]
         as examples
from parked f left join api_key k on k.id::text = f.key_id
group by 1, 2, 3 order by parked desc, 1, 3`;
