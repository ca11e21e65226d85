import { Injectable } from '@nestjs/common';
import { Database } from '../platform/database/database.js';
import { latestPromotion } from '../platform/database/latest-promotion.js';

/** Rows offered again in one sweep, of each kind; the next sweep takes the next. */
const MOST = 200;
/** What is younger may still be on its way by itself. */
const PATIENCE_SECONDS = 15;

/** Where several speak about the same they are compared at once; otherwise only now and then, for who can be trusted. */
const COMPARED_EVERY_SECONDS = 3600;

/** Parked feedback looked at in one sweep. */
const MOST_PARKED = 5_000;

export interface ParkedCursor {
  readonly projectId: string;
  readonly seq: string;
}

export interface ParkedPair {
  readonly projectId: string;
  readonly predictionId: string;
}

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

export interface OpenWatch {
  readonly projectId: string;
  readonly promotionId: string;
  readonly verdict: 'open' | 'worse';
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

  async projectsWithUnpackedFeedback(): Promise<string[]> {
    const rows = await this.db.query<{ id: string }>(
      'select p.id from project p where exists (select 1 from feedback_outbox where project_id = p.id) limit $1',
      [MOST],
    );
    return rows.map(({ id }) => id);
  }

  /** Projects where people have said something since they were last compared, if that was a while ago. */
  async projectsWithNewAnswers(): Promise<string[]> {
    const rows = await this.db.query<{ id: string }>(
      `select p.id from project p left join crowd c on c.project_id = p.id
       where (c.judged_at is null or c.judged_at < now() - make_interval(secs => $2))
         and coalesce((select max(seq) from feedback where project_id = p.id), 0) > coalesce(c.seq, 0) limit $1`,
      [MOST, COMPARED_EVERY_SECONDS],
    );
    return rows.map(({ id }) => id);
  }

  /**
   * Predictions that have arrived while feedback about them is still parked: those of the next parked feedback behind
   * `after`, so that orphans, however many, hide nobody. `next` is null at the end.
   */
  async parkedPairs(after: ParkedCursor): Promise<{ pairs: ParkedPair[]; next: ParkedCursor | null }> {
    const parked = await this.db.query<ParkedCursor & { id: string }>(
      `select project_id as "projectId", seq, id from feedback
       where joined_at is null and (project_id, seq) > ($1, $2::bigint) order by project_id, seq limit $3`,
      [after.projectId, after.seq, MOST_PARKED],
    );
    const pairs = await this.db.query<ParkedPair>(PARKED_PAIRS, [
      parked.map(({ projectId }) => projectId),
      parked.map(({ id }) => id),
    ]);
    return { pairs, next: parked.length < MOST_PARKED ? null : parked.at(-1)! };
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

  /** Champions about which people have verified something since they were last looked at, or that are to be taken back. */
  openWatches(): Promise<OpenWatch[]> {
    return this.db.query<OpenWatch>(
      `select a.project_id as "projectId", l.id as "promotionId", coalesce(w.verdict, 'open') as verdict
       from model_alias a
       join lateral (${latestPromotion('a.project_id', 'a.version')}) l
         on l.kind <> 'rollback' and l.from_version is not null
       left join champion_watch w on w.promotion_id = l.id
       where a.name = 'champion' and (w.verdict = 'worse' or (coalesce(w.verdict, 'open') = 'open' and exists (
         select 1 from review v
         where v.project_id = a.project_id and v.reason = 'audit' and v.decision in ('correction', 'accept')
           and v.decided_at >= coalesce(w.watched_at, l.created_at))))
       limit $1`,
      [MOST],
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

const PARKED_PAIRS = `
with parked as materialized (
  select f.project_id, f.prediction_id, f.external_id from unnest($1::text[], $2::text[]) as given (project_id, id)
  cross join lateral (
    select project_id, prediction_id, external_id from feedback
    where project_id = given.project_id and id = given.id and joined_at is null limit 1) f)
select f.project_id as "projectId", p.id as "predictionId" from parked f cross join lateral (
  select id from prediction where project_id = f.project_id and id = f.prediction_id limit 1) p
union
select f.project_id, p.id from parked f cross join lateral (
  select id from prediction where project_id = f.project_id and external_id = f.external_id offset 0) p`;
