import { Injectable } from '@nestjs/common';
import { Database } from '../platform/database/database.js';

/** Rows offered again in one sweep, of each kind; the next sweep takes the next. */
const MOST = 200;
/** What is younger may still be on its way by itself. */
const PATIENCE_SECONDS = 15;

export interface OpenRun {
  readonly project_id: string;
  readonly run_id: string;
  readonly snapshot_id: string | null;
  readonly trigger: string;
}

export interface OpenVersion {
  readonly project_id: string;
  readonly version: number;
  readonly is_evaluated: boolean;
}

/** What the loop has left open. */
@Injectable()
export class SweepStore {
  constructor(private readonly db: Database) {}

  async projectsWithOpenPayloads(): Promise<string[]> {
    const rows = await this.db.query<{ id: string }>(
      `select p.id from project p where exists (select 1 from payload_batch where project_id = p.id and pack_id is null)
       or exists (select 1 from pack where project_id = p.id and stored_at is null) limit $1`,
      [MOST],
    );
    return rows.map(({ id }) => id);
  }

  /** Predictions that have arrived while feedback about them is still parked. */
  parkedPairs(): Promise<{ project_id: string; prediction_id: string }[]> {
    return this.db.query(
      `with parked as (select * from feedback where joined_at is null order by seq desc limit 5000)
       select f.project_id, p.id as prediction_id
       from parked f join prediction p on p.project_id = f.project_id and p.id = f.prediction_id
       union
       select f.project_id, p.id
       from parked f join prediction p on p.project_id = f.project_id and p.external_id = f.external_id
       limit $1`,
      [MOST],
    );
  }

  /** Runs that nobody is at work on: asked for, frozen and never claimed, or given up by a process that went away. */
  openRuns(): Promise<OpenRun[]> {
    return this.db.query<OpenRun>(
      `select r.project_id, r.id as run_id, d.id as snapshot_id, r.trigger
       from training_run r left join dataset_snapshot d on d.run_id = r.id
       where (r.status = 'queued' and r.created_at < now() - make_interval(secs => $2))
          or (r.status = 'running' and r.heartbeat_at < now() - make_interval(secs => $2))
       union all
       select d.project_id, d.run_id, d.id, d.trigger
       from dataset_snapshot d
       where d.run_id is not null and d.created_at < now() - make_interval(secs => $2)
         and not exists (select 1 from training_run r where r.id = d.run_id)
       limit $1`,
      [MOST, PATIENCE_SECONDS],
    );
  }

  /** Model versions that nobody has judged, or decided on. */
  openVersions(): Promise<OpenVersion[]> {
    return this.db.query<OpenVersion>(
      `select m.project_id, m.version, e.version is not null as is_evaluated
       from model_version m left join evaluation e on e.project_id = m.project_id and e.version = m.version
       where m.created_at < now() - make_interval(secs => $2)
         and not exists (select 1 from promotion p where p.project_id = m.project_id and p.to_version = m.version)
       limit $1`,
      [MOST, PATIENCE_SECONDS],
    );
  }
}
