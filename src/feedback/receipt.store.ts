import { Injectable } from '@nestjs/common';
import type { Side } from '../core/sides.js';
import { Database } from '../platform/database/database.js';

export interface ReceiptRow {
  readonly prediction_id: string;
  readonly side: Side;
  readonly snapshot_id: string | null;
  readonly snapshot_at: Date | null;
  readonly model_version: number | null;
  readonly trained_at: Date | null;
  readonly live_version: number | null;
  readonly live_at: Date | null;
}

/** What became of feedback: reads only. */
@Injectable()
export class ReceiptStore {
  constructor(private readonly db: Database) {}

  find(projectId: string, id: string) {
    return this.db.prisma.feedback.findUnique({ where: { projectId_id: { projectId, id } } });
  }

  /** How far one feedback has travelled round the loop; times, null where it has not come there. */
  async receipt(projectId: string, id: string): Promise<ReceiptRow | undefined> {
    const [row] = await this.db.query<ReceiptRow>(RECEIPT, [projectId, id]);
    return row;
  }
}

/** The first snapshot that holds the label's present revision, its model, and the first promotion after that. */
const RECEIPT = `
select s.prediction_id, coalesce(d.side, s.split) as side, snap.id as snapshot_id, snap.created_at as snapshot_at,
       m.version as model_version, m.created_at as trained_at, live.to_version as live_version, live.created_at as live_at
from feedback f
join prediction p on p.project_id = f.project_id and (p.id = f.prediction_id or p.external_id = f.external_id)
join sample s on s.project_id = p.project_id and s.prediction_id = p.id
left join sample_side d on d.project_id = s.project_id and d.sample_id = s.prediction_id
left join lateral (
  select id, created_at from dataset_snapshot d
  where d.project_id = s.project_id and d.cut >= s.revision and s.status = 'resolved' order by d.created_at limit 1) snap on true
left join model_version m on m.snapshot_id = snap.id
left join lateral (
  select to_version, created_at from promotion
  where project_id = s.project_id and promoted and to_version >= m.version order by created_at limit 1) live on true
where f.project_id = $1 and f.id = $2
limit 1`;
