import type { Journey } from '../../core/journey.js';
import type { Database } from './database.js';

/** Undefined for a sample that nobody has spoken about. */
export async function readJourney(db: Database, projectId: string, sampleId: string): Promise<Journey | undefined> {
  const [row] = await db.query<Journey>(JOURNEY, [projectId, sampleId]);
  return row;
}

/** The first snapshot that holds the label's present revision, its model, and the first promotion after that. */
const JOURNEY = `
select coalesce(d.side, s.split) as side, s.status, s.label, s.labelled_at as "labelledAt", snap.id as "snapshotId",
       snap.created_at as "snapshotAt", m.version as "modelVersion", m.created_at as "trainedAt",
       live.to_version as "liveVersion", live.created_at as "liveAt"
from sample s
left join sample_side d on d.project_id = s.project_id and d.sample_id = s.prediction_id
left join lateral (
  select id, created_at from dataset_snapshot d
  where d.project_id = s.project_id and d.cut >= s.revision and s.status = 'resolved' order by d.created_at limit 1) snap on true
left join model_version m on m.snapshot_id = snap.id
left join lateral (
  select to_version, created_at from promotion
  where project_id = s.project_id and promoted and to_version >= m.version order by created_at limit 1) live on true
where s.project_id = $1 and s.prediction_id = $2`;
