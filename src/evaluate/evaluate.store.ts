import { Injectable } from '@nestjs/common';
import type { EvaluationReport } from '../core/comparison.js';
import { Database } from '../platform/database/database.js';

/** A challenger, the champion at this moment, and the holdout both are to answer. */
export interface Contest {
  readonly snapshotId: string;
  readonly manifestKey: string;
  readonly challenger: { readonly version: number; readonly prefix: string };
  readonly champion: { readonly version: number; readonly prefix: string } | null;
}

@Injectable()
export class EvaluateStore {
  constructor(private readonly db: Database) {}

  async contest(projectId: string, version: number): Promise<Contest | undefined> {
    const [row] = await this.db.query<ContestRow>(
      `select m.snapshot_id, d.manifest_key, m.prefix, a.version as champion, c.prefix as champion_prefix
       from model_version m
       join dataset_snapshot d on d.id = m.snapshot_id
       left join model_alias a on a.project_id = m.project_id and a.name = 'champion' and a.version <> m.version
       left join model_version c on c.project_id = a.project_id and c.version = a.version
       where m.project_id = $1 and m.version = $2`,
      [projectId, version],
    );
    return (
      row && {
        snapshotId: row.snapshot_id,
        manifestKey: row.manifest_key,
        challenger: { version, prefix: row.prefix },
        champion: row.champion === null ? null : { version: row.champion, prefix: row.champion_prefix! },
      }
    );
  }

  /** Evaluating again (the champion changed meanwhile) replaces the report. */
  async save(
    projectId: string,
    { snapshotId, champion }: Contest,
    version: number,
    report: EvaluationReport,
  ): Promise<void> {
    const fields = { champion: champion?.version ?? null, snapshotId, report: report as unknown as object };
    await this.db.prisma.evaluation.upsert({
      where: { projectId_version: { projectId, version } },
      create: { projectId, version, ...fields },
      update: fields,
    });
  }
}

interface ContestRow {
  readonly snapshot_id: string;
  readonly manifest_key: string;
  readonly prefix: string;
  readonly champion: number | null;
  readonly champion_prefix: string | null;
}
