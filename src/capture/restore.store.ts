import { Injectable } from '@nestjs/common';
import { predictionColumns, type PredictionRow } from '../core/prediction-row.js';
import type { PostedAnswer, Task } from '../core/task.js';
import { Database } from '../platform/database/database.js';
import { fixTask } from '../platform/database/project-settings.js';
import type { PackKey } from '../platform/object-store/packs.js';

export interface RestoredPrediction extends PredictionRow {
  readonly batchLine: number;
  readonly receivedAt: string;
}

export interface RestoredPack extends PackKey {
  readonly lines: number;
  readonly bytes: number;
  readonly sha256: string;
  readonly blockOffsets: readonly number[];
}

@Injectable()
export class PredictionRestoreStore {
  constructor(private readonly db: Database) {}

  /** Those of the packs that have a row. */
  async known(packIds: readonly string[]): Promise<Set<string>> {
    const rows = await this.db.query<{ id: string }>('select id from pack where id = any($1::uuid[])', [packIds]);
    return new Set(rows.map(({ id }) => id));
  }

  fixTask(projectId: string, answers: readonly PostedAnswer[]): Promise<Task | null> {
    return fixTask(this.db, projectId, answers);
  }

  /** A pack as one batch, its predictions and the books, in one transaction. Tells how many predictions were missing. */
  async insert(pack: RestoredPack, predictions: readonly RestoredPrediction[]): Promise<number> {
    const receivedAt = predictions[0]?.receivedAt ?? new Date(0).toISOString();
    return this.db.transaction(async (query) => {
      const { id, projectId, objectKey, lines, bytes, sha256, blockOffsets } = pack;
      await query(
        `insert into pack (id, project_id, object_key, samples, bytes, sha256, block_offsets, stored_at)
         values ($1, $2, $3, $4, $5, $6, $7::int[], now())`,
        [id, projectId, objectKey, lines, bytes, sha256, blockOffsets],
      );
      const [batch] = await query<{ id: string }>(
        `insert into payload_batch (project_id, samples, bytes, pack_id, first_line, received_at)
         values ($1, $2, $3, $4, 0, $5) returning id`,
        [projectId, lines, bytes, id, receivedAt],
      );
      const [row] = await query<{ restored: number }>(INSERT, [
        projectId,
        batch!.id,
        ...predictionColumns(predictions),
        predictions.map((row) => row.receivedAt),
        predictions.map((row) => row.batchLine),
      ]);
      return row!.restored;
    });
  }
}

const INSERT = `
with inserted as (
  insert into prediction (project_id, id, external_id, body_hash, content_hash, group_hash, split, input_kind, preview,
                          model_name, model_version, label, confidence, margin, subject, attributes, occurred_at,
                          received_at, batch_line, batch_id)
  select $1, t.*, $2 from unnest(
    $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[],
    $12::text[], $13::text[], $14::float8[], $15::float8[], $16::text[], $17::jsonb[], $18::timestamptz[],
    $19::timestamptz[], $20::int[]) as t
  on conflict (project_id, id) do nothing
  returning id
), booked as (
  insert into ledger (project_id, source, received, stored)
  select $1, 'prediction', count(*), count(*) from inserted
  on conflict (project_id, source) do update set
    received = ledger.received + excluded.received, stored = ledger.stored + excluded.stored
)
select count(*)::int as restored from inserted`;
