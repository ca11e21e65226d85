import { Injectable } from '@nestjs/common';
import type { Answered } from '../core/crowd.js';
import type { Verified } from '../core/honest-accuracy.js';
import type { InputKind } from '../core/input.js';
import type { CurvePoint } from '../core/learning-curve.js';
import type { Trace } from '../core/near-duplicates.js';
import { readAnswers } from '../platform/database/answers.js';
import { Database } from '../platform/database/database.js';
import { readAllSettings } from '../platform/database/project-settings.js';
import { readLoopState } from '../platform/database/loop-state.js';

/** Only the latest traffic is looked at, so that a look costs the same whatever is stored. */
const WINDOW = 10_000;
/** Of the window the latest fifth is "lately"; what lies before is what it is compared with. */
const LATELY = 2_000;
const MOST_ATTRIBUTES = 20;

export interface DriftCount {
  readonly what: string;
  readonly value: string;
  readonly before: number;
  readonly lately: number;
}

/** Counts of decisions. */
export interface Reviewer {
  readonly rater: string;
  readonly shown: number;
  readonly agreedShown: number;
  readonly hidden: number;
  readonly agreedHidden: number;
}

export interface SuspectRow {
  readonly sampleId: string;
  readonly label: string;
  readonly instead: string;
  readonly margin: number;
  readonly isFlagged: boolean;
  readonly preview: string;
  readonly kind: string;
}

export interface LatestItem extends Trace {
  readonly id: string;
  readonly kind: InputKind;
  readonly contentHash: string;
  readonly split: string;
  readonly label: string | null;
}

@Injectable()
export class InsightStore {
  constructor(private readonly db: Database) {}

  projects() {
    return readAllSettings(this.db);
  }

  loopState(projectId: string) {
    return readLoopState(this.db.query, projectId);
  }

  /** Audited samples of these days with what people verified: drawn at random, with the probability of that. */
  verified(projectId: string, days: number): Promise<Verified[]> {
    return this.db.query<Verified>(
      `select s.label, p.label as predicted, v.probability
       from review v
       join sample s on s.project_id = v.project_id and s.prediction_id = v.sample_id and s.status = 'resolved'
       join prediction p on p.project_id = v.project_id and p.id = v.sample_id
       where v.project_id = $1 and v.reason = 'audit' and v.decision in ('correction', 'accept') and v.probability > 0
         and p.label is not null
         and v.decided_at > now() - make_interval(secs => $2::float8 * 86400)
       order by v.decided_at desc limit ${WINDOW}`,
      [projectId, days],
    );
  }

  /** What users spoke of in these days, as if it were a fair sample. */
  async spoken(projectId: string, days: number, tolerance: number | null): Promise<{ samples: number; right: number }> {
    const [row] = await this.db.query<{ samples: number; right: number }>(
      `select count(*)::int as samples, count(*) filter (where ${isRight('s.label', '$3')})::int as right
       from sample s join prediction p on p.project_id = s.project_id and p.id = s.prediction_id
       where s.project_id = $1 and s.status = 'resolved' and p.label is not null
         and s.labelled_at > now() - make_interval(secs => $2::float8 * 86400)`,
      [projectId, days, tolerance],
    );
    return row!;
  }

  /** The latest versions: how many samples they learnt from, and how they did on what was held out. */
  curve(projectId: string): Promise<CurvePoint[]> {
    return this.db.query<CurvePoint>(
      `select (m.metrics->>'trainSamples')::int as samples, (e.report->'challenger'->>'accuracy')::float8 as accuracy
       from model_version m join evaluation e on e.project_id = m.project_id and e.version = m.version
       where m.project_id = $1 and (e.report->>'samples')::int > 0 and (m.metrics->>'trainSamples')::int > 0
       order by m.version desc limit 20`,
      [projectId],
    );
  }

  /** How often each value of what can drift occurred before and lately. */
  driftCounts(projectId: string, tolerance: number | null): Promise<DriftCount[]> {
    return this.db.query<DriftCount>(DRIFT, [projectId, WINDOW, LATELY, MOST_ATTRIBUTES, tolerance]);
  }

  /** See {@link readAnswers}. */
  answers(projectId: string): Promise<Answered[]> {
    return readAnswers(this.db, projectId);
  }

  /** Whom to believe, as it was found out last. */
  crowd(projectId: string) {
    return this.db.prisma.crowd.findUnique({ where: { projectId } });
  }

  /** How often each reviewer says what the model said, with its answer in sight and hidden; audits and what somebody waits for are other items, so not counted. */
  reviewers(projectId: string): Promise<Reviewer[]> {
    return this.db.query<Reviewer>(
      `select rater_id as rater,
              count(*) filter (where not is_blind)::int as shown, count(*) filter (where not is_blind and agreed)::int as "agreedShown",
              count(*) filter (where is_blind)::int as hidden, count(*) filter (where is_blind and agreed)::int as "agreedHidden"
       from (select * from review where project_id = $1 and agreed is not null and reason not in ('audit', 'chosen', 'waiting')
             order by decided_at desc limit ${WINDOW}) latest
       group by rater_id order by count(*) desc, rater_id`,
      [projectId],
    );
  }

  /** Labels that the latest model doubts and nobody has changed since, the most doubtful first. */
  suspects(projectId: string): Promise<SuspectRow[]> {
    return this.db.query<SuspectRow>(
      `select d.id as "sampleId", d.label, d.instead, d.margin, d.flagged as "isFlagged", p.preview, p.input_kind as kind
       from (select x->>'sampleId' as id, x->>'label' as label, x->>'instead' as instead, (x->>'margin')::float8 as margin,
                    coalesce((x->>'isFlagged')::boolean, false) as flagged
             from model_version m, jsonb_array_elements(coalesce(m.metrics->'outOfFold'->'suspects', '[]'::jsonb)) x
             where m.project_id = $1 and m.version = (select max(version) from model_version where project_id = $1)) d
       join sample s on s.project_id = $1 and s.prediction_id = d.id and s.status = 'resolved' and s.label = d.label
       join prediction p on p.project_id = $1 and p.id = d.id
       order by d.margin`,
      [projectId],
    );
  }

  /** The latest inputs as a list shows them, oldest first. */
  latest(projectId: string): Promise<LatestItem[]> {
    return this.db.query<LatestItem>(
      `select * from (
         select p.id, p.seq, p.input_kind as kind, p.preview, p.content_hash as "contentHash", d.sketch, coalesce(d.side, p.split) as split,
                case when s.status = 'resolved' then s.label end as label
         from prediction p
         left join sample s on s.project_id = p.project_id and s.prediction_id = p.id
         left join sample_side d on d.project_id = p.project_id and d.sample_id = p.id
         where p.project_id = $1 order by p.seq desc limit ${WINDOW}) latest
       order by seq`,
      [projectId],
    );
  }

  /** Where the files of a version are, of the champion's when none is given; undefined when there is none. */
  async prefix(
    projectId: string,
    version: number | undefined,
  ): Promise<{ version: number; prefix: string } | undefined> {
    const [row] = await this.db.query<{ version: number; prefix: string }>(
      `select m.version, m.prefix from model_version m
       where m.project_id = $1 and m.version = coalesce($2::int,
         (select version from model_alias where project_id = $1 and name = 'champion'),
         (select max(version) from model_version where project_id = $1))`,
      [projectId, version ?? null],
    );
    return row;
  }
}

/** Whether an answer is right: it is the label or, where there is a tolerance, a value no further off. */
function isRight(truth: string, tolerance: string, answer = 'p.label'): string {
  return `case when ${tolerance}::float8 is null then ${truth} = ${answer} else abs(${truth}::float8 - ${answer}::float8) <= ${tolerance} end`;
}

const DRIFT = `
with recent as (
  select p.*, row_number() over (order by p.seq desc) <= $3 as is_late
  from (select * from prediction where project_id = $1 order by seq desc limit $2) p
), spoken as (
  select r.*, s.label as truth from recent r
  join sample s on s.project_id = $1 and s.prediction_id = r.id and s.status = 'resolved'
), said as (
  select 'predicted label' as what, label as value, is_late from recent where label is not null
  union all select 'confidence', (floor(confidence * 10) / 10)::numeric(3, 1)::text, is_late from recent where confidence is not null
  union all select 'kind of input', input_kind, is_late from recent
  union all select 'length of text', (2 ^ ceil(log(2, greatest(1, length(preview)))))::int::text, is_late
    from recent where input_kind = 'text'
  union all select 'label people give', truth, is_late from spoken
  union all select 'wrong answers', case when ${isRight('truth', '$5', 'label')} then 'right' else 'wrong' end, is_late
    from spoken where label is not null
  union all
  select 'attribute ' || a.key, left(a.value, 100), r.is_late
  from recent r, jsonb_each_text(r.attributes) a
  where jsonb_typeof(r.attributes) = 'object' and a.key in (
    select k from recent x, jsonb_object_keys(x.attributes) k
    where jsonb_typeof(x.attributes) = 'object' group by k order by count(*) desc, k limit $4)
)
select what, value, count(*) filter (where not is_late)::int as before, count(*) filter (where is_late)::int as lately
from said group by 1, 2`;
