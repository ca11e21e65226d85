import { Injectable } from '@nestjs/common';
import type { Input } from '../core/input.js';
import type { ManifestLine } from '../core/manifest.js';
import { completeSettings, type ProjectSettings, type SettingsPatch } from '../core/settings.js';
import type { Split } from '../core/split.js';
import { Database } from '../platform/database/database.js';
import { readLoopState } from '../platform/database/loop-state.js';

export type Snapshot = Awaited<ReturnType<Database['prisma']['datasetSnapshot']['findFirstOrThrow']>>;

@Injectable()
export class SnapshotStore {
  constructor(private readonly db: Database) {}

  async projects(): Promise<{ id: string; settings: ProjectSettings }[]> {
    const projects = await this.db.prisma.project.findMany({ select: { id: true, settings: true } });
    return projects.map(({ id, settings }) => ({ id, settings: completeSettings(settings as SettingsPatch) }));
  }

  async settings(projectId: string): Promise<ProjectSettings> {
    const project = await this.db.prisma.project.findUniqueOrThrow({ where: { id: projectId } });
    return completeSettings(project.settings as SettingsPatch);
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

  /** Every labelled sample that a model can be made of, in the order of ids. */
  async lines(projectId: string): Promise<ManifestLine[]> {
    return (await this.db.query<LineRow>(LINES, [projectId])).map(manifestLine);
  }

  async insert(snapshot: Omit<Snapshot, 'createdAt'>): Promise<Snapshot> {
    return this.db.prisma.datasetSnapshot.create({
      data: { ...snapshot, labelCounts: snapshot.labelCounts as object },
    });
  }
}

interface LineRow {
  readonly id: string;
  readonly label: string;
  readonly split: Split;
  readonly group_hash: string;
  readonly content_hash: string;
  readonly revision: string;
  readonly object_key: string | null;
  readonly pack_offset: number;
  readonly pack_length: number;
  readonly pack_line: number;
  readonly body: string | null;
}

/** A payload that is still hot travels inside its line, so that a snapshot never waits for the packer. */
function manifestLine(row: LineRow): ManifestLine {
  const line = {
    sampleId: row.id,
    label: row.label,
    split: row.split,
    groupHash: row.group_hash,
    contentHash: row.content_hash,
    revision: row.revision,
  };
  if (row.body !== null) return { ...line, input: (JSON.parse(row.body) as { input: Input }).input };
  const at = { pack: row.object_key!, offset: row.pack_offset, length: row.pack_length, line: row.pack_line };
  return { ...line, at };
}

const LINES = `
select p.id, s.label, s.split, p.group_hash, p.content_hash, s.revision,
       k.object_key, p.pack_offset, p.pack_length, p.pack_line, h.body
from sample s
join prediction p on p.project_id = s.project_id and p.id = s.prediction_id
left join payload h on h.project_id = p.project_id and h.prediction_id = p.id
left join pack k on k.id = p.pack_id
where s.project_id = $1 and s.status = 'resolved' and p.input_kind <> 'blob'
order by p.id`;
