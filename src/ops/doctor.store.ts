import { Injectable } from '@nestjs/common';
import { Database } from '../platform/database/database.js';

export interface StoredObject {
  readonly key: string;
  readonly sha256: string;
}

export interface ModelInUse {
  /** Project and version. */
  readonly name: string;
  readonly prefix: string;
  /** Of the manifest. */
  readonly sha256: string;
}

/** Counts through whole tables: for the doctor, who is called seldom. */
@Injectable()
export class DoctorStore {
  constructor(private readonly db: Database) {}

  /** Projects whose books do not balance, or are not those of the rows, each with what is wrong. */
  async wrongBooks(): Promise<string[]> {
    const rows = await this.db.longQuery<{ project: string; what: string; booked: string; counted: string }>(
      WRONG_BOOKS,
    );
    return rows.map(({ project, what, booked, counted }) => `${project}: ${what} ${booked}, but ${counted} rows`);
  }

  async counts(): Promise<{ projects: number; predictions: string; feedback: string }> {
    const [row] = await this.db.longQuery<{ projects: number; predictions: string; feedback: string }>(
      `select (select count(*)::int from project) as projects, (select coalesce(sum(stored), 0) from ledger) as predictions,
              (select coalesce(sum(stored + parked), 0) from feedback_ledger) as feedback`,
    );
    return row!;
  }

  /** Objects that rows point at. */
  storedObjects(): Promise<StoredObject[]> {
    return this.db.longQuery<StoredObject>(
      `select object_key as key, sha256 from pack where stored_at is not null
       union all select object_key, sha256 from feedback_pack where stored_at is not null
       union all select object_key, sha256 from upload where completed_at is not null and dropped_at is null`,
    );
  }

  /** Models that answer, or that later ones are held against. */
  modelsInUse(): Promise<ModelInUse[]> {
    return this.db.longQuery<ModelInUse>(
      `select m.project_id || ' v' || m.version as name, m.prefix, m.sha256 from model_version m
       where exists (select 1 from model_alias a where a.project_id = m.project_id and a.version = m.version)`,
    );
  }

  /** Of the given keys, those that a row has reserved. */
  async reserved(keys: readonly string[]): Promise<Set<string>> {
    const rows = await this.db.longQuery<{ key: string }>(
      `select object_key as key from pack where object_key = any($1::text[])
       union all select object_key from feedback_pack where object_key = any($1::text[])
       union all select object_key from upload where object_key = any($1::text[])`,
      [keys],
    );
    return new Set(rows.map(({ key }) => key));
  }

  /** Batches that are neither in a stored pack nor hot: their bodies would be lost. */
  async batchesWithoutBody(): Promise<number> {
    const [row] = await this.db.longQuery<{ count: number }>(
      `select count(*)::int as count from payload_batch b left join pack k on k.id = b.pack_id
       where k.stored_at is null and not exists (
         select 1 from payload h where h.received_at = b.received_at and h.batch_id = b.id)`,
    );
    return row!.count;
  }

  /** Feedback that has waited for minutes although its prediction is there. */
  async forgottenJoins(): Promise<number> {
    const [row] = await this.db.longQuery<{ count: number }>(
      `select count(*)::int as count from feedback f
       where f.joined_at is null and f.received_at < now() - interval '5 minutes' and exists (
         select 1 from prediction p where p.project_id = f.project_id
           and (p.id = f.prediction_id or p.external_id = f.external_id))`,
    );
    return row!.count;
  }
}

const WRONG_BOOKS = `
with books as (
  select project_id, source as book, received, stored + duplicate + conflict + rejected as places from ledger
  union all
  select project_id, 'feedback', received, stored + parked + duplicate + conflict + rejected from feedback_ledger
), compared as (
  select project_id as project, book || ' received' as what, received as booked, places as counted from books
  union all
  select project_id, 'prediction stored', stored,
         (select count(*) from prediction p where p.project_id = l.project_id) from ledger l where source = 'prediction'
  union all
  select project_id, 'feedback stored', stored,
         (select count(*) from feedback f where f.project_id = l.project_id and joined_at is not null) from feedback_ledger l
  union all
  select project_id, 'feedback parked', parked,
         (select count(*) from feedback f where f.project_id = l.project_id and joined_at is null) from feedback_ledger l
)
select project, what, booked, counted from compared where booked <> counted order by project, what`;
