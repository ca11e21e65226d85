import { Injectable } from '@nestjs/common';
import type { Answered, CrowdVerdict } from '../core/crowd.js';
import type { Judged } from '../core/decided.js';
import { readAnswers } from '../platform/database/answers.js';
import { Database, type Query } from '../platform/database/database.js';

export interface JudgedRow extends Judged {
  readonly predictionId: string;
}

@Injectable()
export class CrowdStore {
  constructor(private readonly db: Database) {}

  /** See {@link readAnswers}; with the latest feedback that there was before they were read. */
  async answers(projectId: string): Promise<{ answers: Answered[]; seq: bigint }> {
    const latest = await this.db.prisma.feedback.aggregate({ where: { projectId }, _max: { seq: true } });
    return { seq: latest._max.seq ?? 0n, answers: await readAnswers(this.db, projectId) };
  }

  /** Writes what changed; only a change of label gives a new revision. The lock of the project's labels must be held. */
  async judge(query: Query, projectId: string, rows: readonly JudgedRow[]): Promise<void> {
    const column = <Key extends keyof JudgedRow>(key: Key) => rows.map((row) => row[key]);
    await query(JUDGE, [
      projectId,
      column('predictionId'),
      column('status'),
      column('label'),
      column('support'),
      rows.map(({ candidates }) => JSON.stringify(candidates)),
      column('suggested'),
      column('belief'),
      column('isByTrust'),
    ]);
  }

  async save(projectId: string, seq: bigint, { method, gain, trust }: CrowdVerdict): Promise<void> {
    const verdict = { method, gain, trust: Object.fromEntries(trust), seq, judgedAt: new Date() };
    await this.db.prisma.crowd.upsert({
      where: { projectId },
      create: { projectId, ...verdict },
      update: verdict,
    });
  }
}

const JUDGE = `
update sample s set
  status = t.status, label = t.label, support = t.support,
  candidates = array(select jsonb_array_elements_text(t.candidates)),
  suggested = t.suggested, belief = t.belief, is_by_trust = t.is_by_trust,
  revision = case when (s.status, s.label) is distinct from (t.status, t.label)
                  then nextval('label_revision') else s.revision end,
  labelled_at = case when (s.status, s.label) is distinct from (t.status, t.label) then now() else s.labelled_at end
from unnest($2::text[], $3::text[], $4::text[], $5::int[], $6::jsonb[], $7::text[], $8::float8[], $9::boolean[])
  as t (id, status, label, support, candidates, suggested, belief, is_by_trust)
where s.project_id = $1 and s.prediction_id = t.id
  and (s.status, s.label, s.support, s.suggested, s.belief, s.is_by_trust)
      is distinct from (t.status, t.label, t.support, t.suggested, t.belief, t.is_by_trust)`;
