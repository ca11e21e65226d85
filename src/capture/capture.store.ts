import { Injectable } from '@nestjs/common';
import type { PredictionRow } from '../core/prediction-row.js';
import { completeSettings, type ProjectSettings, type SettingsPatch } from '../core/settings.js';
import type { RowStatus } from '../platform/batching/commit-once.js';
import { Database } from '../platform/database/database.js';

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
    const column = <Key extends keyof PredictionRow>(key: Key) => rows.map((row) => row[key]);
    const answer = await this.db.query<{ id: string; status: RowStatus }>(INSERT_ONCE, [
      projectId,
      rejected,
      column('id'),
      column('externalId'),
      column('bodyHash'),
      column('contentHash'),
      column('groupHash'),
      column('split'),
      column('inputKind'),
      column('preview'),
      column('modelName'),
      column('modelVersion'),
      column('label'),
      column('confidence'),
      column('margin'),
      column('subject'),
      column('attributes'),
      column('occurredAt'),
      column('body'),
    ]);
    return new Map(answer.map(({ id, status }) => [id, status]));
  }

  /** Those of the predictions about which somebody has spoken already. */
  async spokenAbout(projectId: string, predictionIds: readonly string[]): Promise<string[]> {
    const rows = await this.db.query<{ id: string }>(
      `with p as (select id, external_id from prediction where project_id = $1 and id = any($2))
       select p.id from p join feedback f on f.project_id = $1 and f.prediction_id = p.id
       union
       select p.id from p join feedback f on f.project_id = $1 and f.external_id = p.external_id`,
      [projectId, predictionIds],
    );
    return rows.map(({ id }) => id);
  }

  async settings(projectId: string): Promise<ProjectSettings> {
    const project = await this.db.prisma.project.findUniqueOrThrow({ where: { id: projectId } });
    return completeSettings(project.settings as SettingsPatch);
  }

  find(projectId: string, id: string) {
    return this.db.prisma.prediction.findUnique({ where: { projectId_id: { projectId, id } } });
  }

  async hotPayload(projectId: string, predictionId: string): Promise<string | undefined> {
    const row = await this.db.prisma.payload.findUnique({
      where: { projectId_predictionId: { projectId, predictionId } },
    });
    return row?.body;
  }

  async packKey(packId: string): Promise<string> {
    return (await this.db.prisma.pack.findUniqueOrThrow({ where: { id: packId } })).objectKey;
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
const INSERT_ONCE = `
with posted as (
  select * from unnest(
    $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[],
    $12::text[], $13::text[], $14::float8[], $15::float8[], $16::text[], $17::jsonb[], $18::timestamptz[], $19::text[]
  ) as t (id, external_id, body_hash, content_hash, group_hash, split, input_kind, preview, model_name,
          model_version, label, confidence, margin, subject, attributes, occurred_at, body)
), inserted as (
  insert into prediction (project_id, id, external_id, body_hash, content_hash, group_hash, split, input_kind, preview,
                          model_name, model_version, label, confidence, margin, subject, attributes, occurred_at)
  select $1, id, external_id, body_hash, content_hash, group_hash, split, input_kind, preview,
         model_name, model_version, label, confidence, margin, subject, attributes, occurred_at
  from posted order by id
  on conflict (project_id, id) do nothing
  returning id
), hot as (
  insert into payload (project_id, prediction_id, body)
  select $1, id, body from posted join inserted using (id)
), known as (
  select posted.id, posted.body_hash, posted.body, before.body_hash as first_hash
  from posted left join lateral (
    select body_hash from prediction where project_id = $1 and id = posted.id limit 1) before on true
  where not exists (select 1 from inserted where inserted.id = posted.id)
), outcome as (
  select id, null as body_hash, null as body, 'accepted' as status from inserted
  union all
  select id, body_hash, body,
         case when first_hash is null then 'unseen' when first_hash = body_hash then 'duplicate' else 'conflict' end
  from known
), kept as (
  insert into prediction_conflict (project_id, prediction_id, body_hash, body)
  select $1, id, body_hash, body from outcome where status = 'conflict'
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
select id, status from outcome`;
