import { Injectable } from '@nestjs/common';
import { Database } from '../platform/database/database.js';

export interface QuarantineRow {
  readonly id: string;
  readonly version: number;
  readonly reason: string;
  /** Labels that are still kept out. */
  readonly labels: number;
  readonly createdAt: Date;
  readonly releasedAt: Date | null;
  readonly releasedBy: string | null;
  readonly releaseReason: string | null;
}

@Injectable()
export class QuarantineStore {
  constructor(private readonly db: Database) {}

  /** Newest first. */
  list(projectId: string, { limit, cursor }: { limit: number; cursor?: string | undefined }) {
    return this.db.query<QuarantineRow>(
      `${QUARANTINES} and ($3::uuid is null or q.id < $3) order by q.id desc limit $2`,
      [projectId, limit, cursor ?? null],
    );
  }

  async find(projectId: string, id: string): Promise<QuarantineRow | undefined> {
    const [row] = await this.db.query<QuarantineRow>(`${QUARANTINES} and q.id = $2`, [projectId, id]);
    return row;
  }

  /** Releasing again changes nothing. */
  async release(projectId: string, id: string, { reason, actor }: { reason: string; actor: string }): Promise<void> {
    await this.db.query(
      `update quarantine set released_at = now(), released_by = $3, release_reason = $4
       where project_id = $1 and id = $2 and released_at is null`,
      [projectId, id, actor, reason],
    );
  }
}

const QUARANTINES = `
select q.id, q.version, q.reason, q.created_at as "createdAt", q.released_at as "releasedAt",
       q.released_by as "releasedBy", q.release_reason as "releaseReason",
       case when q.released_at is not null then 0 else
         (select count(*)::int from sample s where s.project_id = q.project_id and s.status = 'resolved'
          and s.revision > q.after_revision and s.revision <= q.to_revision) end as labels
from quarantine q where q.project_id = $1`;
