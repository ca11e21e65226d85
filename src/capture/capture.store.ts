import { Injectable } from '@nestjs/common';
import { predictionColumns, type PredictionRow } from '../core/prediction-row.js';
import type { ProjectSettings } from '../core/settings.js';
import type { PostedAnswer, Task } from '../core/task.js';
import type { RowStatus } from '../platform/batching/commit-once.js';
import { Database, type Prepared } from '../platform/database/database.js';
import { fixTask, readSettings } from '../platform/database/project-settings.js';
import type { StoredPack } from '../platform/object-store/packs.js';

/** `hot` is the body itself while it is in Postgres; the others are null until its pack is stored. */
export interface BodyPlace extends StoredPack {
  readonly hot: string | null;
  readonly line: number;
}

@Injectable()
export class CaptureStore {
  constructor(private readonly db: Database) {}

  /**
   * Inserts a batch and books it, in one statement. Idempotent: an id that is known changes nothing. The ids of one
   * call must differ from each other.
   * @returns status by id
   */
  async insertOnce(
    projectId: string,
    rows: readonly PredictionRow[],
    rejected: number,
  ): Promise<Map<string, RowStatus>> {
    const answer = await this.db.query<{ id: string; status: RowStatus }>(INSERT_ONCE, [
      projectId,
      rejected,
      ...predictionColumns(rows),
      rows.map(({ line }) => line).join('\n'),
    ]);
    return new Map(answer.map(({ id, status }) => [id, status]));
  }

  /** Those of the predictions about which somebody has spoken already: by their id, or by an external id they share. */
  async spokenAbout(projectId: string, predictionIds: readonly string[]): Promise<string[]> {
    const rows = await this.db.query<{ id: string }>(SPOKEN_ABOUT, [projectId, predictionIds]);
    return rows.map(({ id }) => id);
  }

  settings(projectId: string): Promise<ProjectSettings> {
    return readSettings(this.db, projectId);
  }

  fixTask(projectId: string, answers: readonly PostedAnswer[]): Promise<Task | null> {
    return fixTask(this.db, projectId, answers);
  }

  find(projectId: string, id: string) {
    return this.db.prisma.prediction.findUnique({ where: { projectId_id: { projectId, id } } });
  }

  /** Where the body of a prediction is: still in Postgres, or at a line of a pack. */
  async bodyOf({ batchId, batchLine }: { batchId: bigint; batchLine: number }): Promise<BodyPlace> {
    const [row] = await this.db.query<BodyPlace>(BODY_OF, [batchId, batchLine]);
    return row!;
  }

  sampleOf(projectId: string, predictionId: string) {
    return this.db.prisma.sample.findUnique({ where: { projectId_predictionId: { projectId, predictionId } } });
  }

  /** Other bodies that were posted under a prediction's id. */
  conflicts(projectId: string, predictionId: string) {
    return this.db.prisma.predictionConflict.findMany({
      where: { projectId, predictionId },
      orderBy: { seq: 'asc' },
      take: 20,
    });
  }
}

/**
 * The parameters are the columns of the batch, so the statement is the same for one row and for a thousand. What is known
 * is looked up row by row (lateral): a join would let the planner read the whole table for each batch.
 */
const INSERT_ONCE: Prepared = {
  name: 'capture.insertOnce',
  text: `
with posted as (
  select * from unnest(
    $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[],
    $12::text[], $13::text[], $14::float8[], $15::float8[], $16::text[], $17::jsonb[], $18::timestamptz[]
  ) with ordinality as t (id, external_id, body_hash, content_hash, group_hash, split, input_kind, preview, model_name,
          model_version, label, confidence, margin, subject, attributes, occurred_at, line)
), batch as materialized (
  select nextval('payload_batch_id_seq') as id
), inserted as (
  insert into prediction (project_id, id, external_id, body_hash, content_hash, group_hash, split, input_kind, preview,
                          model_name, model_version, label, confidence, margin, subject, attributes, occurred_at,
                          batch_id, batch_line)
  select $1, posted.id, external_id, body_hash, content_hash, group_hash, split, input_kind, preview, model_name,
         model_version, label, confidence, margin, subject, attributes, occurred_at, batch.id, line - 1
  from posted, batch order by posted.id
  on conflict (project_id, id) do nothing
  returning id
), known as (
  select posted.id, posted.body_hash, posted.line, before.body_hash as first_hash
  from posted left join lateral (
    select body_hash from prediction where project_id = $1 and id = posted.id limit 1) before on true
  where not exists (select 1 from inserted where inserted.id = posted.id)
), placed as (
  insert into payload_batch (id, project_id, samples, bytes, skipped)
  select id, $1, cardinality($3::text[]), octet_length($19::text), (select array_agg(line::int - 1) from known)
  from batch where exists (select 1 from inserted)
  returning id, received_at
), hot as (
  insert into payload (received_at, batch_id, body) select received_at, id, $19::text from placed
), outcome as (
  select id, null as body_hash, null as line, 'accepted' as status from inserted
  union all
  select id, body_hash, line,
         case when first_hash is null then 'unseen' when first_hash = body_hash then 'duplicate' else 'conflict' end
  from known
), kept as (
  insert into prediction_conflict (project_id, prediction_id, body_hash, body)
  select $1, id, body_hash, split_part($19::text, E'\\n', line::int)::json ->> 'prediction' from outcome where status = 'conflict'
  on conflict do nothing
), booked as (
  insert into ledger (project_id, source, received, stored, duplicate, conflict, rejected)
  select $1, 'prediction', $2::int + count(*) filter (where status <> 'unseen'),
         count(*) filter (where status = 'accepted'), count(*) filter (where status = 'duplicate'),
         count(*) filter (where status = 'conflict'), $2::int
  from outcome
  on conflict (project_id, source) do update set
    received = ledger.received + excluded.received, stored = ledger.stored + excluded.stored,
    duplicate = ledger.duplicate + excluded.duplicate, conflict = ledger.conflict + excluded.conflict,
    rejected = ledger.rejected + excluded.rejected
)
select id, status from outcome`,
};

/**
 * Row by row, like INSERT_ONCE. Most predictions cost nothing here: by its own id one can only be spoken of in feedback
 * that is parked, and nothing is parked.
 */
const SPOKEN_ABOUT: Prepared = {
  name: 'capture.spokenAbout',
  text: `
select p.id
from unnest($2::text[]) as p (id)
cross join lateral (select 1 from feedback where project_id = $1 and prediction_id = p.id limit 1) f
where exists (select 1 from feedback where project_id = $1 and joined_at is null)
union
select p.id
from unnest($2::text[]) as posted (id)
cross join lateral (
  select id, external_id from prediction
  where project_id = $1 and id = posted.id and external_id is not null limit 1) p
cross join lateral (select 1 from feedback where project_id = $1 and external_id = p.external_id limit 1) f`,
};

const BODY_OF = `
select split_part(h.body, E'\\n', $2::int + 1) as hot, b.first_line + $2::int as line,
       k.object_key as "objectKey", k.bytes, k.block_offsets as "blockOffsets"
from payload_batch b
left join pack k on k.id = b.pack_id and k.stored_at is not null
left join payload h on h.received_at = b.received_at and h.batch_id = b.id
where b.id = $1`;
