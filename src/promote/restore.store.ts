import { Injectable } from '@nestjs/common';
import { Database } from '../platform/database/database.js';

export interface DecisionKey {
  readonly projectId: string;
  readonly id: string;
}

/** A decision and what it rests on, each a row as Postgres writes it in JSON. */
export interface KeptDecision extends DecisionKey {
  readonly promotion: object;
  /** None of a version that a person promoted before it was judged. */
  readonly evaluation: object | null;
  readonly model: object;
  readonly run: object;
  readonly snapshot: object;
}

@Injectable()
export class DecisionRestoreStore {
  constructor(private readonly db: Database) {}

  decisions(): Promise<DecisionKey[]> {
    return this.db.prisma.promotion.findMany({ select: { projectId: true, id: true } });
  }

  async read(id: string): Promise<KeptDecision> {
    const [row] = await this.db.query<KeptDecision>(KEPT, [id]);
    return row!;
  }

  /** False when it is there already. */
  async restore(promotion: object): Promise<boolean> {
    const inserted = await this.db.query(
      `insert into promotion select * from jsonb_populate_record(null::promotion, $1)
       on conflict do nothing returning id`,
      [JSON.stringify(promotion)],
    );
    return inserted.length > 0;
  }

  /** An alias that is there stays. */
  async restoreAliases(): Promise<void> {
    await this.db.query(ALIASES);
  }
}

const KEPT = `
select p.project_id as "projectId", p.id, to_jsonb(p) as promotion, to_jsonb(e) as evaluation, to_jsonb(m) as model,
       to_jsonb(r) as run, to_jsonb(d) as snapshot
from promotion p
join model_version m on m.project_id = p.project_id and m.version = p.to_version
join training_run r on r.id = m.run_id
join dataset_snapshot d on d.id = m.snapshot_id
left join evaluation e on e.project_id = p.project_id and e.version = p.to_version
where p.id = $1`;

/** The latest that was promoted serves. The anchor is the first that served, until a decision says that it moves. */
const ALIASES = `
insert into model_alias (project_id, name, version, fence)
select project_id, name, version, 1
from (
  select project_id,
         (array_agg(to_version order by created_at desc))[1] as champion,
         coalesce((array_agg(to_version order by created_at desc) filter (where numbers ? 'movesAnchor'))[1],
                  (array_agg(to_version order by created_at))[1]) as anchor
  from promotion where promoted group by project_id
) served
cross join lateral (values ('champion', champion), ('anchor', anchor)) as alias (name, version)
on conflict do nothing`;
