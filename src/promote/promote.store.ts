import { Injectable } from '@nestjs/common';
import type { EvaluationReport, Watch } from '../core/comparison.js';
import { newId } from '../core/ids.js';
import type { ProjectSettings } from '../core/settings.js';
import { Database, type Query } from '../platform/database/database.js';
import { latestPromotion } from '../platform/database/latest-promotion.js';
import { readSettings } from '../platform/database/project-settings.js';

/** A decision about who serves, with its numbers. */
export interface Decision {
  readonly kind: 'automatic' | 'manual' | 'rollback';
  readonly promoted: boolean;
  readonly fromVersion: number | null;
  readonly toVersion: number;
  readonly reason: string;
  readonly numbers: object;
  readonly actor: string;
  /** The labels the refused version learnt last are kept out of training until somebody has looked at them. */
  readonly isQuarantined?: boolean;
  /** Later versions may not be significantly worse than this one. */
  readonly movesAnchor?: boolean;
}

export type PromotionRow = Awaited<ReturnType<Database['prisma']['promotion']['findFirstOrThrow']>>;

@Injectable()
export class PromoteStore {
  constructor(private readonly db: Database) {}

  settings(projectId: string): Promise<ProjectSettings> {
    return readSettings(this.db, projectId);
  }

  async evaluation(
    projectId: string,
    version: number,
  ): Promise<{ champion: number | null; report: EvaluationReport } | undefined> {
    const row = await this.db.prisma.evaluation.findUnique({ where: { projectId_version: { projectId, version } } });
    return row ? { champion: row.champion, report: row.report as unknown as EvaluationReport } : undefined;
  }

  async champion(projectId: string): Promise<number | null> {
    const alias = await this.db.prisma.modelAlias.findUnique({
      where: { projectId_name: { projectId, name: 'champion' } },
    });
    return alias?.version ?? null;
  }

  async isDecided(projectId: string, version: number): Promise<boolean> {
    return (await this.db.prisma.promotion.count({ where: { projectId, toVersion: version, kind: 'automatic' } })) > 0;
  }

  /**
   * Books the decision and, where it promotes, moves the alias: one transaction, and only while the champion is still
   * the one the decision was made against.
   * @returns the decision's id; undefined when somebody moved the alias meanwhile, and nothing was written
   */
  async book(projectId: string, decision: Decision): Promise<string | undefined> {
    const id = newId();
    return this.db.transaction(async (query) => {
      await query('select pg_advisory_xact_lock(hashtextextended($1, 99))', [projectId]);
      const [alias] = await query<{ version: number }>(
        `select version from model_alias where project_id = $1 and name = 'champion'`,
        [projectId],
      );
      if ((alias?.version ?? null) !== decision.fromVersion) return undefined;
      if (decision.promoted) await this.moveAlias(query, projectId, 'champion', decision.toVersion);
      if (decision.movesAnchor) await this.moveAlias(query, projectId, 'anchor', decision.toVersion);
      else if (decision.promoted) await query(FIRST_ANCHOR, [projectId, decision.toVersion]);
      if (decision.isQuarantined) await query(QUARANTINE, [newId(), projectId, decision.toVersion, decision.reason]);
      await query(
        `insert into promotion (id, project_id, kind, promoted, from_version, to_version, reason, numbers, actor)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
        [
          id,
          projectId,
          decision.kind,
          decision.promoted,
          decision.fromVersion,
          decision.toVersion,
          decision.reason,
          JSON.stringify({ ...decision.numbers, ...(decision.movesAnchor ? { movesAnchor: true } : {}) }),
          decision.actor,
        ],
      );
      return id;
    });
  }

  /** How the version that a promotion put in service does beside what it replaced; of the latest promotion alone. */
  async watch(projectId: string, promotionId: string): Promise<Watch | undefined> {
    const [row] = await this.db.query<Watch>(
      `select ${WATCH} from champion_watch w
       where w.project_id = $1 and w.promotion_id = $2
         and w.promotion_id = (select id from (${latestPromotion('$1', 'w.version')}) latest)`,
      [projectId, promotionId],
    );
    return row;
  }

  /** Null for a version that replaced none, and before anything was verified. */
  async latestWatch(projectId: string, version: number): Promise<Watch | null> {
    const [row] = await this.db.query<Watch>(
      `select ${WATCH} from champion_watch w where w.project_id = $1 and w.version = $2 order by w.watched_at desc limit 1`,
      [projectId, version],
    );
    return row ?? null;
  }

  /** The version that served before the present champion did; null when there was none. */
  async predecessor(projectId: string, champion: number): Promise<number | null> {
    const promotion = await this.db.prisma.promotion.findFirst({
      where: { projectId, toVersion: champion, promoted: true, kind: { not: 'rollback' } },
      orderBy: { createdAt: 'desc' },
    });
    return promotion?.fromVersion ?? null;
  }

  async models(projectId: string, { limit, before }: { limit: number; before?: number | undefined }) {
    return this.db.query<ModelRow>(
      `${MODELS} and ($3::int is null or m.version < $3) order by m.version desc limit $2`,
      [projectId, limit, before ?? null],
    );
  }

  async model(projectId: string, version: number): Promise<ModelRow | undefined> {
    const [row] = await this.db.query<ModelRow>(`${MODELS} and m.version = $2`, [projectId, version]);
    return row;
  }

  promotions(projectId: string, version: number): Promise<PromotionRow[]> {
    return this.db.prisma.promotion.findMany({
      where: { projectId, toVersion: version },
      orderBy: { createdAt: 'asc' },
    });
  }

  private async moveAlias(
    query: Query,
    projectId: string,
    name: 'champion' | 'anchor',
    version: number,
  ): Promise<void> {
    await query(
      `insert into model_alias (project_id, name, version, fence) values ($1, $2, $3, 1)
       on conflict (project_id, name) do update set version = excluded.version, fence = model_alias.fence + 1, updated_at = now()`,
      [projectId, name, version],
    );
  }
}

const WATCH = 'w.version, w.against, w.verdict, w.samples, w.wins, w.losses';

/** The first model that serves is the first anchor. */
const FIRST_ANCHOR = `
insert into model_alias (project_id, name, version, fence) values ($1, 'anchor', $2, 1)
on conflict (project_id, name) do nothing`;

export interface ModelRow {
  readonly version: number;
  readonly parent: number | null;
  readonly run_id: string;
  readonly snapshot_id: string;
  readonly kind: string;
  readonly labels: readonly string[];
  readonly sha256: string;
  readonly bytes: number;
  readonly seed: number;
  readonly backend: string;
  readonly code_version: string;
  readonly metrics: object;
  readonly created_at: Date;
  readonly status: 'candidate' | 'champion' | 'retired' | 'rejected';
  readonly report: EvaluationReport | null;
}

/** The labels that are new since the snapshot before; with no snapshot before there is nothing they could be told from. */
const QUARANTINE = `
insert into quarantine (id, project_id, version, after_revision, to_revision, reason)
select $1::uuid, m.project_id, m.version, b.cut, d.cut, $4
from model_version m
join dataset_snapshot d on d.id = m.snapshot_id
join dataset_snapshot b on b.id = d.parent_id
where m.project_id = $2 and m.version = $3 and d.cut > b.cut
on conflict (project_id, version) do nothing`;

/** The status follows from the alias and the decisions, so it cannot contradict them. */
const MODELS = `
select m.*, e.report,
       case when a.version = m.version then 'champion'
            when exists (select 1 from promotion p where p.project_id = m.project_id and p.to_version = m.version and p.promoted) then 'retired'
            when exists (select 1 from promotion p where p.project_id = m.project_id and p.to_version = m.version) then 'rejected'
            else 'candidate' end as status
from model_version m
left join model_alias a on a.project_id = m.project_id and a.name = 'champion'
left join evaluation e on e.project_id = m.project_id and e.version = m.version
where m.project_id = $1`;
