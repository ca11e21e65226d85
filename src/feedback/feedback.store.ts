import { Injectable } from '@nestjs/common';
import { feedbackColumns, type FeedbackRow } from '../core/feedback-row.js';
import { type Decided, isContested } from '../core/decided.js';
import type { FeedbackKind, RaterRole, Statement } from '../core/label.js';
import type { ProjectSettings } from '../core/settings.js';
import type { Split } from '../core/split.js';
import type { PostedAnswer, Task } from '../core/task.js';
import type { RowStatus } from '../platform/batching/commit-once.js';
import { fixTask, readSettings } from '../platform/database/project-settings.js';
import { Database, type Prepared, type Query } from '../platform/database/database.js';

/** A prediction with all that was said about it. */
export interface Spoken {
  readonly predictionId: string;
  readonly predicted: string | null;
  readonly split: Split;
  readonly statements: readonly Statement[];
}

export interface SampleRow extends Decided {
  readonly predictionId: string;
  readonly split: Split;
}

@Injectable()
export class FeedbackStore {
  constructor(private readonly db: Database) {}

  settings(projectId: string): Promise<ProjectSettings> {
    return readSettings(this.db, projectId);
  }

  fixTask(projectId: string, answers: readonly PostedAnswer[]): Promise<Task | null> {
    return fixTask(this.db, projectId, answers);
  }

  /** All that belongs to one batch of feedback is committed together. */
  transaction<Result>(work: (query: Query) => Promise<Result>): Promise<Result> {
    return this.db.transaction(work);
  }

  /** Inserts a batch and books it as parked, in one statement; idempotent like the insertion of predictions. */
  async insertOnce(
    query: Query,
    projectId: string,
    rows: readonly FeedbackRow[],
    rejected: number,
  ): Promise<Map<string, RowStatus>> {
    const answer = await query<{ id: string; status: RowStatus }>(INSERT_ONCE, [
      projectId,
      rejected,
      ...feedbackColumns(rows),
      rows.map(({ line }) => line),
    ]);
    return new Map(answer.map(({ id, status }) => [id, status]));
  }

  /**
   * Ids of the predictions that the given feedback speaks of, as far as they have arrived. From here to the end of the
   * transaction the snapshot knows that labels are on their way.
   */
  async targets(query: Query, projectId: string, feedbackIds: readonly string[]): Promise<string[]> {
    const rows = await query<{ id: string }>(TARGETS, [projectId, feedbackIds]);
    return rows.map(({ id }) => id);
  }

  /**
   * One writer of a project's labels at a time, so that no label is decided on half of what was said. The row of the
   * books is the lock, because every batch books first: with one order of locks nobody waits in a circle. Whoever has
   * inserted feedback in this transaction holds it already.
   */
  async lock(query: Query, projectId: string): Promise<void> {
    await query(LOCK, [projectId]);
  }

  /**
   * Marks what has found its prediction, books it as stored instead of parked, and gives everything that was ever said
   * about the predictions.
   */
  async join(query: Query, projectId: string, predictionIds: readonly string[]): Promise<Spoken[]> {
    const rows = await query<SpokenRow>(JOIN, [projectId, predictionIds]);
    return groupByPrediction(rows);
  }

  /**
   * Writes the samples whose label or standing changed; only a change of label gives a new revision. What was decided by
   * trust stands while it is contested, until the crowd is judged again, seconds from now.
   */
  async upsertSamples(query: Query, projectId: string, samples: readonly SampleRow[]): Promise<void> {
    const column = <Key extends keyof SampleRow>(key: Key) => samples.map((row) => row[key]);
    await query(UPSERT_SAMPLES, [
      projectId,
      column('predictionId'),
      column('status'),
      column('label'),
      column('support'),
      samples.map(({ candidates }) => JSON.stringify(candidates)),
      samples.map(({ notLabels }) => JSON.stringify(notLabels)),
      column('split'),
      samples.map(isContested),
    ]);
  }
}

interface SpokenRow {
  readonly prediction_id: string;
  readonly predicted: string | null;
  readonly split: Split;
  readonly feedback_id: string;
  readonly kind: FeedbackKind;
  readonly label: string | null;
  readonly not_label: string | null;
  readonly rater_id: string;
  readonly rater_role: RaterRole;
  readonly occurred_at: Date;
  readonly seq: string;
}

function groupByPrediction(rows: readonly SpokenRow[]): Spoken[] {
  const groups = new Map<string, Omit<Spoken, 'statements'> & { statements: Statement[] }>();
  for (const row of rows) {
    const { prediction_id: predictionId, predicted, split } = row;
    const group = groups.get(predictionId) ?? { predictionId, predicted, split, statements: [] };
    groups.set(predictionId, group);
    group.statements.push({
      feedbackId: row.feedback_id,
      kind: row.kind,
      label: row.label,
      notLabel: row.not_label,
      raterId: row.rater_id,
      raterRole: row.rater_role,
      occurredAt: row.occurred_at.getTime(),
      seq: BigInt(row.seq),
    });
  }
  return [...groups.values()];
}

/*
 * The statements below look up row by row (lateral; limit 1 or offset 0 keeps it from becoming a join): a join would let
 * the planner read a project's whole past for each batch, above all while Postgres has not analysed the tables yet.
 */

const INSERT_ONCE: Prepared = {
  name: 'feedback.insertOnce',
  text: `
with posted as (
  select * from unnest(
    $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::float8[], $10::text[], $11::text[],
    $12::text[], $13::text[], $14::text[], $15::text[], $16::timestamptz[], $17::text[]
  ) as t (id, prediction_id, external_id, kind, label, not_label, rating, comment, rater_id, rater_role, body_hash,
          key_id, client, occurred_at, line)
), inserted as (
  insert into feedback (project_id, id, prediction_id, external_id, kind, label, not_label, rating, comment, rater_id,
                        rater_role, body_hash, key_id, client, occurred_at)
  select $1, id, prediction_id, external_id, kind, label, not_label, rating, comment, rater_id,
         rater_role, body_hash, key_id, client, occurred_at
  from posted order by id
  on conflict (project_id, id) do nothing
  returning id, seq
), parcel as (
  insert into feedback_outbox (project_id, lines, body)
  select $1, count(*), string_agg('{"seq":' || seq || ',' || substr(line, 2), E'\\n' order by seq)
  from inserted join posted using (id) having count(*) > 0
), known as (
  select posted.id, posted.body_hash, posted.line, before.body_hash as first_hash
  from posted left join lateral (
    select body_hash from feedback where project_id = $1 and id = posted.id limit 1) before on true
  where not exists (select 1 from inserted where inserted.id = posted.id)
), outcome as (
  select id, null as body_hash, null as line, 'accepted' as status from inserted
  union all
  select id, body_hash, line,
         case when first_hash is null then 'unseen' when first_hash = body_hash then 'duplicate' else 'conflict' end
  from known
), kept as (
  insert into feedback_conflict (project_id, feedback_id, body_hash, body)
  select $1, id, body_hash, line::json ->> 'feedback' from outcome where status = 'conflict'
  on conflict do nothing
), booked as (
  insert into feedback_ledger (project_id, received, parked, duplicate, conflict, rejected)
  select $1, $2::int + count(*) filter (where status <> 'unseen'),
         count(*) filter (where status = 'accepted'), count(*) filter (where status = 'duplicate'),
         count(*) filter (where status = 'conflict'), $2::int
  from outcome
  on conflict (project_id) do update set
    received = feedback_ledger.received + excluded.received, parked = feedback_ledger.parked + excluded.parked,
    duplicate = feedback_ledger.duplicate + excluded.duplicate, conflict = feedback_ledger.conflict + excluded.conflict,
    rejected = feedback_ledger.rejected + excluded.rejected
)
select id, status from outcome`,
};

const LOCK: Prepared = {
  name: 'feedback.lock',
  text: `
with books as materialized (select 1 from feedback_ledger where project_id = $1 for update)
select pg_advisory_xact_lock_shared(hashtextextended($1, 0)) from (select count(*) from books) locked`,
};

const TARGETS: Prepared = {
  name: 'feedback.targets',
  text: `
with announced as materialized (
  select pg_advisory_xact_lock_shared(hashtextextended($1, 0))
), f as materialized (
  select said.* from unnest($2::text[]) as posted (id)
  cross join lateral (
    select prediction_id, external_id from feedback where project_id = $1 and id = posted.id limit 1) said
  where exists (select 1 from announced))
select p.id from f cross join lateral (
  select id from prediction where project_id = $1 and id = f.prediction_id limit 1) p
union
select p.id from f cross join lateral (
  select id from prediction where project_id = $1 and external_id = f.external_id offset 0) p`,
};

/** SQL: ids of all feedback about the given predictions, $2. */
export const SAID = `
p as materialized (
  select found.* from unnest($2::text[]) as given (id)
  cross join lateral (
    select id, external_id, label, split from prediction where project_id = $1 and id = given.id limit 1) found),
said as materialized (
  select p.id as prediction_id, f.id from p cross join lateral (
    select id from feedback where project_id = $1 and prediction_id = p.id offset 0) f
  union
  select p.id, f.id from p cross join lateral (
    select id from feedback where project_id = $1 and external_id = p.external_id offset 0) f)`;

const JOIN: Prepared = {
  name: 'feedback.join',
  text: `
with ${SAID},
joined as (
  update feedback f set joined_at = now()
  where f.project_id = $1 and f.joined_at is null and f.id = any(array(select distinct id from said))
  returning f.id),
booked as (
  update feedback_ledger l set stored = l.stored + n.count, parked = l.parked - n.count
  from (select count(*) from joined) n where l.project_id = $1 and n.count > 0)
select p.id as prediction_id, p.label as predicted, p.split, f.id as feedback_id, f.kind, f.label, f.not_label,
       f.rater_id, f.rater_role, f.occurred_at, f.seq
from said join p on p.id = said.prediction_id
cross join lateral (select * from feedback where project_id = $1 and id = said.id limit 1) f`,
};

/** Arrays of arrays do not unnest row by row, so the two lists of a row travel as JSON. */
const UPSERT_SAMPLES: Prepared = {
  name: 'feedback.upsertSamples',
  text: `
insert into sample (project_id, prediction_id, status, label, support, candidates, not_labels, split, revision)
select $1, id, status, label, support, array(select jsonb_array_elements_text(candidates)),
       array(select jsonb_array_elements_text(not_labels)), split, nextval('label_revision')
from unnest($2::text[], $3::text[], $4::text[], $5::int[], $6::jsonb[], $7::jsonb[], $8::text[], $9::boolean[])
  as t (id, status, label, support, candidates, not_labels, split, is_contested)
where not (is_contested and exists (
  select 1 from sample where project_id = $1 and prediction_id = t.id and is_by_trust))
on conflict (project_id, prediction_id) do update set
  status = excluded.status, label = excluded.label, support = excluded.support, candidates = excluded.candidates,
  not_labels = excluded.not_labels, suggested = null, belief = null, is_by_trust = false,
  revision = case when (sample.status, sample.label) is distinct from (excluded.status, excluded.label)
                  then excluded.revision else sample.revision end,
  labelled_at = case when (sample.status, sample.label) is distinct from (excluded.status, excluded.label)
                     then now() else sample.labelled_at end
where (sample.status, sample.label, sample.support, sample.candidates, sample.not_labels, sample.is_by_trust)
      is distinct from
      (excluded.status, excluded.label, excluded.support, excluded.candidates, excluded.not_labels, false)`,
};
