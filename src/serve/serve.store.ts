import { Injectable } from '@nestjs/common';
import type { ProjectSettings } from '../core/settings.js';
import { Database } from '../platform/database/database.js';
import { readSettings } from '../platform/database/project-settings.js';

export interface ServedVersion {
  readonly version: number;
  readonly prefix: string;
}

export interface ServingVersion extends ServedVersion {
  /** Of its files and of those of the base it stands on. */
  readonly bytes: number;
}

export interface AskedOne {
  readonly projectId: string;
  readonly id: string;
}

@Injectable()
export class ServeStore {
  constructor(private readonly db: Database) {}

  /** The version that serves now. */
  async champion(projectId: string): Promise<ServingVersion | undefined> {
    const [row] = await this.db.query<ServingVersion>(
      `select m.version, m.prefix, (m.bytes::float8 + coalesce(b.bytes, 0)) as bytes from model_alias a
       join model_version m on m.project_id = a.project_id and m.version = a.version
       left join base_model b on b.project_id = m.project_id and b.hash = m.metrics->>'base'
       where a.project_id = $1 and a.name = 'champion'`,
      [projectId],
    );
    return row;
  }

  settings(projectId: string): Promise<ProjectSettings> {
    return readSettings(this.db, projectId);
  }

  /** What people say of these predictions, of several projects, in their order; null where they do not or not yet. */
  async labels(asked: readonly AskedOne[]): Promise<(string | null)[]> {
    const rows = await this.db.query<{ label: string | null }>(
      `select s.label from unnest($1::text[], $2::text[]) with ordinality as t (project_id, id, n)
       left join sample s on s.project_id = t.project_id and s.prediction_id = t.id and s.status = 'resolved'
       order by t.n`,
      columns(asked),
    );
    return rows.map(({ label }) => label);
  }

  /** Those of the projects at whose review queue somebody was in the last minute. */
  async attended(projectIds: readonly string[]): Promise<Set<string>> {
    const rows = await this.db.query<{ id: string }>(
      `select project_id as id from attendance where project_id = any($1) and seen_at > now() - interval '1 minute'`,
      [projectIds],
    );
    return new Set(rows.map(({ id }) => id));
  }

  /**
   * Notes that somebody waits so long for what people say of these, and forgets those whom a crash kept from being told. It
   * never waits for a row that is forgotten elsewhere, so that nobody waits in a circle.
   */
  async ask(projectId: string, ids: readonly string[], seconds: number): Promise<void> {
    await this.db.query(
      `with forgotten as (
         delete from asked where (project_id, prediction_id) in (
           select project_id, prediction_id from asked where until < now() for update skip locked))
       insert into asked (project_id, prediction_id, until) select $1, id, now() + make_interval(secs => $3)
       from unnest($2::text[]) as t (id)`,
      [projectId, ids, seconds],
    );
  }

  /** Nobody waits for these any more. */
  async told(asked: readonly AskedOne[]): Promise<void> {
    await this.db.query(
      `delete from asked a using unnest($1::text[], $2::text[]) as t (project_id, id)
       where a.project_id = t.project_id and a.prediction_id = t.id`,
      columns(asked),
    );
  }

  async version(projectId: string, version: number): Promise<ServedVersion | undefined> {
    const row = await this.db.prisma.modelVersion.findUnique({ where: { projectId_version: { projectId, version } } });
    return row ? { version: row.version, prefix: row.prefix } : undefined;
  }
}

const columns = (asked: readonly AskedOne[]) => [asked.map(({ projectId }) => projectId), asked.map(({ id }) => id)];
