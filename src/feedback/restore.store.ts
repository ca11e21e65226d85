import { Injectable } from '@nestjs/common';
import { feedbackColumns, type FeedbackRow } from '../core/feedback-row.js';
import type { RevisedLabel } from '../core/label.js';
import type { PostedAnswer, Task } from '../core/task.js';
import { Database } from '../platform/database/database.js';
import { fixTask } from '../platform/database/project-settings.js';
import type { PackKey } from '../platform/object-store/packs.js';
import { SAID } from './feedback.store.js';

export interface RestoredFeedback extends FeedbackRow {
  readonly seq: number;
  readonly receivedAt: string;
}

export interface RestoredFeedbackPack extends PackKey {
  readonly lines: number;
  readonly bytes: number;
  readonly sha256: string;
}

@Injectable()
export class FeedbackRestoreStore {
  constructor(private readonly db: Database) {}

  /** Those of the packs that have a row. */
  async known(packIds: readonly string[]): Promise<Set<string>> {
    const rows = await this.db.query<{ id: string }>('select id from feedback_pack where id = any($1::uuid[])', [
      packIds,
    ]);
    return new Set(rows.map(({ id }) => id));
  }

  fixTask(projectId: string, answers: readonly PostedAnswer[]): Promise<Task | null> {
    return fixTask(this.db, projectId, answers);
  }

  /**
   * A pack with its feedback, parked, and the books, in one transaction. The order of arrival is kept, and what comes
   * later arrives behind it.
   * @returns ids of the feedback that was missing
   */
  async insert(pack: RestoredFeedbackPack, rows: readonly RestoredFeedback[]): Promise<string[]> {
    return this.db.transaction(async (query) => {
      const { id, projectId, objectKey, lines, bytes, sha256 } = pack;
      await query(
        `insert into feedback_pack (id, project_id, object_key, lines, bytes, sha256, stored_at)
         values ($1, $2, $3, $4, $5, $6, now())`,
        [id, projectId, objectKey, lines, bytes, sha256],
      );
      await query(
        `select setval('feedback_seq_seq', greatest((select last_value from feedback_seq_seq), $1::bigint))`,
        [Math.max(...rows.map(({ seq }) => seq))],
      );
      const inserted = await query<{ id: string }>(INSERT, [
        projectId,
        ...feedbackColumns(rows),
        rows.map((row) => row.receivedAt),
        rows.map((row) => row.seq),
      ]);
      return inserted.map((row) => row.id);
    });
  }

  /** Labels of these predictions are as old as the first word for them, not as their restoration. */
  async dateLabels(projectId: string, predictionIds: readonly string[]): Promise<void> {
    await this.db.longQuery(DATES, [projectId, predictionIds]);
  }

  async restoreRevisions(projectId: string, labels: readonly RevisedLabel[]): Promise<void> {
    await this.db.longQuery(REVISIONS, [
      projectId,
      labels.map(({ sampleId }) => sampleId),
      labels.map(({ label }) => label),
      labels.map(({ revision }) => revision),
    ]);
  }
}

const DATES = `
with ${SAID},
dated as (
  select said.prediction_id as id, min(f.received_at) as at
  from said
  join sample s on s.project_id = $1 and s.prediction_id = said.prediction_id
  cross join lateral (select kind, label, received_at from feedback where project_id = $1 and id = said.id limit 1) f
  where f.kind = 'accept' or f.label = s.label
  group by said.prediction_id)
update sample s set labelled_at = least(s.labelled_at, dated.at)
from dated where s.project_id = $1 and s.prediction_id = dated.id`;

/** Of labels that are the same as then and have a revision of after all snapshots, as those that `rebuild` decides have. */
const REVISIONS = `
update sample s set revision = line.revision
from unnest($2::text[], $3::text[], $4::bigint[]) as line (id, label, revision)
where s.project_id = $1 and s.prediction_id = line.id and s.label = line.label
  and s.revision > (select max(cut) from dataset_snapshot where project_id = $1)`;

const INSERT = `
with inserted as (
  insert into feedback (project_id, id, prediction_id, external_id, kind, label, not_label, rating, comment, rater_id,
                        rater_role, body_hash, key_id, client, occurred_at, received_at, seq)
  select $1, t.* from unnest(
    $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::float8[], $9::text[], $10::text[],
    $11::text[], $12::text[], $13::text[], $14::text[], $15::timestamptz[], $16::timestamptz[], $17::bigint[]) as t
  on conflict (project_id, id) do nothing
  returning id
), booked as (
  insert into feedback_ledger (project_id, received, parked)
  select $1, count(*), count(*) from inserted
  on conflict (project_id) do update set
    received = feedback_ledger.received + excluded.received, parked = feedback_ledger.parked + excluded.parked
)
select id from inserted`;
