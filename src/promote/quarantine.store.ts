import { Injectable } from '@nestjs/common';
import type { RevisedLabel } from '../core/label.js';
import { Database } from '../platform/database/database.js';
import { isAboutLabel } from '../platform/database/in-quarantine.js';

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

export interface QuarantineKey {
  readonly projectId: string;
  readonly id: string;
}

/** A quarantine as its copy in the object store holds it. */
export interface KeptQuarantine extends QuarantineKey {
  /** The row, as Postgres writes it in JSON. */
  readonly quarantine: object;
  /** What it keeps out, or kept out when it was made. */
  readonly labels: readonly RevisedLabel[];
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

  all(): Promise<QuarantineKey[]> {
    return this.db.prisma.quarantine.findMany({ select: { projectId: true, id: true } });
  }

  /** Of the labels that this version learnt last; undefined where these are in none. */
  async ofVersion(projectId: string, version: number): Promise<QuarantineKey | undefined> {
    const found = await this.db.prisma.quarantine.findUnique({ where: { projectId_version: { projectId, version } } });
    return found ?? undefined;
  }

  async read({ projectId, id }: QuarantineKey): Promise<KeptQuarantine> {
    const [row] = await this.db.query<KeptQuarantine>(
      `select q.project_id as "projectId", q.id, to_jsonb(q) as quarantine,
              coalesce(jsonb_agg(jsonb_build_object('sampleId', s.prediction_id, 'label', s.label, 'revision', s.revision::text))
                       filter (where s.label is not null), '[]') as labels
       from quarantine q
       left join sample s on ${IS_ITS_LABEL}
       where q.project_id = $1 and q.id = $2 group by q.id`,
      [projectId, id],
    );
    return row!;
  }

  /** False when it is there already. */
  async restore({ quarantine }: KeptQuarantine): Promise<boolean> {
    const inserted = await this.db.query(
      `insert into quarantine select * from jsonb_populate_record(null::quarantine, $1)
       on conflict do nothing returning id`,
      [JSON.stringify(quarantine)],
    );
    return inserted.length > 0;
  }
}

const IS_ITS_LABEL = `s.status = 'resolved' and ${isAboutLabel('s')}`;

const QUARANTINES = `
select q.id, q.version, q.reason, q.created_at as "createdAt", q.released_at as "releasedAt",
       q.released_by as "releasedBy", q.release_reason as "releaseReason",
       case when q.released_at is not null then 0 else
         (select count(*)::int from sample s where ${IS_ITS_LABEL}) end as labels
from quarantine q where q.project_id = $1`;
