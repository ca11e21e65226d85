import { Injectable } from '@nestjs/common';
import type { EvaluationReport } from '../core/comparison.js';
import { completeSettings, type SettingsPatch } from '../core/settings.js';
import type { Task } from '../core/task.js';
import { Database } from '../platform/database/database.js';
import type { Contender } from './contender.service.js';

/** A challenger, the champion at this moment, and the holdout both are to answer. */
export interface Contest {
  readonly snapshotId: string;
  readonly manifestKey: string;
  /** Labels with a higher revision are new since the snapshot before. */
  readonly parentCut: bigint;
  /** Golden samples verified before this are too old. */
  readonly goldenSince: Date;
  readonly halfLifeDays: number | null;
  readonly task: Task | null;
  /** Of values: see PromotionSettings. */
  readonly tolerance: number | null;
  readonly challenger: Contender & { readonly bytes: number };
  /** Held out, and nearly the same as something the challenger learnt from. */
  readonly leaked: ReadonlySet<string>;
  readonly champion: Contender | null;
  /** The last version that was significantly better than the anchor before it. */
  readonly anchor: Contender | null;
}

@Injectable()
export class EvaluateStore {
  constructor(private readonly db: Database) {}

  async contest(projectId: string, version: number): Promise<Contest | undefined> {
    const [row] = await this.db.query<ContestRow>(
      `select m.snapshot_id, d.manifest_key, d.created_at, coalesce(b.cut, 0) as parent_cut, m.prefix, m.bytes,
              coalesce(m.metrics->'leaks'->'leaked', '[]'::jsonb) as leaked, p.settings,
              a.version as champion, c.prefix as champion_prefix,
              k.version as anchor, k.prefix as anchor_prefix
       from model_version m
       join project p on p.id = m.project_id
       join dataset_snapshot d on d.id = m.snapshot_id
       left join dataset_snapshot b on b.id = d.parent_id
       left join model_alias a on a.project_id = m.project_id and a.name = 'champion' and a.version <> m.version
       left join model_version c on c.project_id = a.project_id and c.version = a.version
       left join model_alias n on n.project_id = m.project_id and n.name = 'anchor' and n.version <> a.version
       left join model_version k on k.project_id = n.project_id and k.version = n.version
       where m.project_id = $1 and m.version = $2`,
      [projectId, version],
    );
    return row && contestOf(version, row);
  }

  /** How many evaluations of other versions have looked at golden samples since then. */
  goldenWear(projectId: string, version: number, since: Date): Promise<number> {
    return this.db.prisma.evaluation.count({
      where: {
        projectId,
        version: { not: version },
        createdAt: { gte: since },
        report: { path: ['golden', 'samples'], gt: 0 },
      },
    });
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

  /** Makes the row again. @param evaluation as Postgres writes it in JSON */
  async restore(evaluation: object): Promise<void> {
    await this.db.query(
      `insert into evaluation select * from jsonb_populate_record(null::evaluation, $1) on conflict do nothing`,
      [JSON.stringify(evaluation)],
    );
  }
}

function contestOf(version: number, row: ContestRow): Contest {
  const { task, training, promotion, labels } = completeSettings(row.settings);
  const contender = (of: number | null, prefix: string | null): Contender | null =>
    of === null ? null : { version: of, prefix: prefix!, labels };
  return {
    snapshotId: row.snapshot_id,
    manifestKey: row.manifest_key,
    parentCut: BigInt(row.parent_cut),
    goldenSince: daysBefore(row.created_at, promotion.goldenDays),
    halfLifeDays: training.halfLifeDays,
    task,
    tolerance: promotion.tolerance,
    challenger: { version, prefix: row.prefix, bytes: row.bytes, labels },
    leaked: new Set(row.leaked),
    champion: contender(row.champion, row.champion_prefix),
    anchor: contender(row.anchor, row.anchor_prefix),
  };
}

const daysBefore = (moment: Date, days: number): Date => new Date(moment.getTime() - days * 86_400_000);

interface ContestRow {
  readonly snapshot_id: string;
  readonly manifest_key: string;
  readonly created_at: Date;
  readonly parent_cut: string;
  readonly bytes: number;
  readonly leaked: readonly string[];
  readonly settings: SettingsPatch;
  readonly prefix: string;
  readonly champion: number | null;
  readonly champion_prefix: string | null;
  readonly anchor: number | null;
  readonly anchor_prefix: string | null;
}
