import { Injectable } from '@nestjs/common';
import type { ManifestLine } from '../core/manifest.js';
import type { ProjectSettings } from '../core/settings.js';
import { Database } from '../platform/database/database.js';
import { readLabelled } from '../platform/database/labelled.js';
import { readAllSettings, readSettings } from '../platform/database/project-settings.js';
import { readLoopState } from '../platform/database/loop-state.js';

export type Snapshot = Awaited<ReturnType<Database['prisma']['datasetSnapshot']['findFirstOrThrow']>>;

@Injectable()
export class SnapshotStore {
  constructor(private readonly db: Database) {}

  projects() {
    return readAllSettings(this.db);
  }

  settings(projectId: string): Promise<ProjectSettings> {
    return readSettings(this.db, projectId);
  }

  loopState(projectId: string) {
    return readLoopState(this.db.query, projectId);
  }

  latest(projectId: string): Promise<Snapshot | null> {
    return this.db.prisma.datasetSnapshot.findFirst({ where: { projectId }, orderBy: { createdAt: 'desc' } });
  }

  ofRun(runId: string): Promise<Snapshot | null> {
    return this.db.prisma.datasetSnapshot.findUnique({ where: { runId } });
  }

  find(projectId: string, id: string): Promise<Snapshot | null> {
    return this.db.prisma.datasetSnapshot.findFirst({ where: { projectId, id } });
  }

  list(projectId: string, { limit, cursor }: { limit: number; cursor?: string | undefined }): Promise<Snapshot[]> {
    return this.db.prisma.datasetSnapshot.findMany({
      where: { projectId, ...(cursor ? { id: { lt: cursor } } : {}) },
      orderBy: { id: 'desc' },
      take: limit + 1,
    });
  }

  /**
   * Revisions up to the cut are in the snapshot. The lock waits for the labels that have taken their revision and are
   * not committed yet; what is committed later has a higher one and counts as new. So no label is ever lost between
   * two snapshots.
   */
  async cut(projectId: string): Promise<bigint> {
    return this.db.transaction(async (query) => {
      await query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [projectId]);
      const [row] = await query<{ last_value: string }>('select last_value from label_revision');
      return BigInt(row!.last_value);
    });
  }

  /**
   * Samples that the lines of an earlier snapshot may be wrong about: with another label since then, looked at by a
   * reviewer, or in a batch that was put into quarantine or out of it.
   */
  async changedSince(projectId: string, { cut, createdAt }: Snapshot): Promise<string[]> {
    const rows = await this.db.longQuery<{ id: string }>(CHANGED, [projectId, cut, createdAt]);
    return rows.map(({ id }) => id);
  }

  /** Whether somebody changed the project's settings since. */
  async hasNewSettings(projectId: string, { createdAt }: Snapshot): Promise<boolean> {
    const changes = this.db.prisma.audit.count({
      where: { projectId, action: 'project.change', createdAt: { gte: createdAt } },
    });
    return (await changes) > 0;
  }

  /** Youngest first. */
  all(): Promise<Snapshot[]> {
    return this.db.prisma.datasetSnapshot.findMany({ orderBy: { createdAt: 'desc' } });
  }

  /** Makes the row again. @param snapshot as Postgres writes it in JSON. Labels that are decided later count as new since then. */
  async restore(snapshot: object): Promise<void> {
    await this.db.query(RESTORE, [JSON.stringify(snapshot)]);
  }

  /** See {@link readLabelled}. */
  lines(projectId: string, ids: readonly string[] | null): Promise<ManifestLine[]> {
    return readLabelled(this.db, projectId, ids);
  }

  async insert(snapshot: Omit<Snapshot, 'createdAt'>): Promise<Snapshot> {
    return this.db.prisma.datasetSnapshot.create({
      data: { ...snapshot, labelCounts: snapshot.labelCounts as object },
    });
  }
}

const CHANGED = `
select prediction_id as id from sample where project_id = $1 and revision > $2
union
select sample_id from review where project_id = $1 and decided_at >= $3
union
select s.prediction_id from quarantine q
join sample s on s.project_id = $1 and s.revision > q.after_revision and s.revision <= q.to_revision
where q.project_id = $1 and (q.released_at is null or q.released_at >= $3)`;

const RESTORE = `
with restored as (
  insert into dataset_snapshot select * from jsonb_populate_record(null::dataset_snapshot, $1)
  on conflict do nothing returning cut
)
select setval('label_revision', greatest((select last_value from label_revision), cut)) from restored`;
