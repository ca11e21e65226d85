import { Injectable } from '@nestjs/common';
import type { Watch } from '../core/comparison.js';
import type { ManifestLine } from '../core/manifest.js';
import { completeSettings, type SettingsPatch } from '../core/settings.js';
import type { Task } from '../core/task.js';
import { Database } from '../platform/database/database.js';
import { latestPromotion } from '../platform/database/latest-promotion.js';
import { readLabelled } from '../platform/database/labelled.js';
import type { Contender } from './contender.service.js';

/** The test is over long before: beyond this many a difference that matters would have shown. */
const MOST = 5_000;

/** A champion that replaced another model. */
export interface Watched {
  readonly promotionId: string;
  readonly champion: Contender;
  readonly replaced: Contender;
  readonly task: Task | null;
  readonly tolerance: number | null;
  /** Audits that people verified since it serves, in the order in which they did. */
  readonly sampleIds: readonly string[];
}

@Injectable()
export class WatchStore {
  constructor(private readonly db: Database) {}

  /** Undefined where nothing serves, where what serves replaced nothing, and where it was itself returned to. */
  async watched(projectId: string): Promise<Watched | undefined> {
    const [row] = await this.db.query<WatchedRow>(WATCHED, [projectId, MOST]);
    if (!row) return undefined;
    const { task, promotion, labels } = completeSettings(row.settings);
    return {
      promotionId: row.promotion_id,
      champion: { version: row.version, prefix: row.prefix, labels },
      replaced: { version: row.replaced, prefix: row.replaced_prefix, labels },
      task,
      tolerance: promotion.tolerance,
      sampleIds: row.sample_ids ?? [],
    };
  }

  lines(projectId: string, ids: readonly string[]): Promise<ManifestLine[]> {
    return readLabelled(this.db, projectId, ids);
  }

  /** @param watchedAt taken before the samples were read: what is verified meanwhile is looked at again */
  async save(projectId: string, promotionId: string, watch: Watch, watchedAt: Date): Promise<void> {
    const found = { ...watch, projectId, watchedAt };
    await this.db.prisma.championWatch.upsert({
      where: { promotionId },
      create: { promotionId, ...found },
      update: found,
    });
  }
}

interface WatchedRow {
  readonly promotion_id: string;
  readonly version: number;
  readonly prefix: string;
  readonly replaced: number;
  readonly replaced_prefix: string;
  readonly settings: SettingsPatch;
  readonly sample_ids: string[] | null;
}

const WATCHED = `
select l.id as promotion_id, c.version, c.prefix, o.version as replaced, o.prefix as replaced_prefix, p.settings,
       (select array_agg(sample_id order by decided_at) from (
          select sample_id, decided_at from review
          where project_id = $1 and reason = 'audit' and decision in ('correction', 'accept') and decided_at >= l.created_at
          order by decided_at limit $2) v) as sample_ids
from model_alias a
join project p on p.id = a.project_id
join lateral (${latestPromotion('a.project_id', 'a.version')}) l on l.kind <> 'rollback'
join model_version c on c.project_id = a.project_id and c.version = a.version
join model_version o on o.project_id = a.project_id and o.version = l.from_version
where a.project_id = $1 and a.name = 'champion'`;
