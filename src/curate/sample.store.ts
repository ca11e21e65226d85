import { Injectable } from '@nestjs/common';
import type { FeedbackRow } from '../core/feedback-row.js';
import type { Journey } from '../core/journey.js';
import type { Band } from '../core/judge.js';
import { Database } from '../platform/database/database.js';
import { readJourney } from '../platform/database/journey.js';
import type { ConfusionFilter, SampleFilter } from './curate.schema.js';

export interface SampleRow {
  readonly id: string;
  readonly seq: string;
  readonly preview: string;
  readonly input_kind: string;
  /** Null where nothing has answered yet. */
  readonly predicted: string | null;
  readonly confidence: number | null;
  readonly margin: number | null;
  readonly model_name: string | null;
  readonly model_version: string;
  readonly attributes: object | null;
  readonly split: string;
  readonly occurred_at: Date;
  readonly received_at: Date;
  readonly status: string | null;
  readonly label: string | null;
  readonly support: number | null;
  readonly candidates: readonly string[] | null;
  readonly suggested: string | null;
  readonly belief: number | null;
  readonly is_by_trust: boolean | null;
  readonly labelled_at: Date | null;
  readonly sort_key: number;
}

/** Ascending keys; ties go by arrival. Suspicion: how sure the model was of another label than the resolved one. */
const SORT_KEYS: Readonly<Record<SampleFilter['sort'], string>> = {
  recent: '-p.seq',
  random: 'hashtext(p.id)::bigint',
  uncertainty: 'coalesce(p.margin, 1)',
  suspicion: '-(case when s.label <> p.label then coalesce(p.confidence, 0.5) else 0 end)',
};

/** A sample is a prediction together with what is known of its label and, from its first snapshot on, its side. */
const SAMPLES = `from prediction p
  left join sample s on s.project_id = p.project_id and s.prediction_id = p.id
  left join sample_side d on d.project_id = p.project_id and d.sample_id = p.id`;
const SPLIT = 'coalesce(d.side, p.split)';

const COLUMNS = `p.id, p.seq, p.preview, p.input_kind, p.label as predicted, p.confidence, p.margin, p.model_name,
  p.model_version, p.attributes, ${SPLIT} as split, p.occurred_at, p.received_at, s.status, s.label, s.support,
  s.candidates, s.suggested, s.belief, s.is_by_trust, s.labelled_at`;

/** Of the filters that name bands of values, what the bands are. */
export type Bands = { readonly [Name in 'label' | 'predicted']?: Band | undefined };

export interface StatementRow extends Pick<
  FeedbackRow,
  'id' | 'kind' | 'label' | 'notLabel' | 'rating' | 'comment' | 'raterId' | 'raterRole'
> {
  readonly occurredAt: Date;
  readonly receivedAt: Date;
}

/** How often one was said and the other answered. */
export interface LabelPair {
  readonly label: string;
  readonly predicted: string;
  readonly count: number;
}

export interface LabelCount {
  readonly label: string;
  readonly train: number;
  readonly holdout: number;
  /** Answers with it. */
  readonly predicted: number;
}

@Injectable()
export class SampleStore {
  constructor(private readonly db: Database) {}

  /** One more than the page holds. */
  async list(
    projectId: string,
    filter: SampleFilter,
    after: { key: number; seq: string } | null,
    bands: Bands = {},
  ): Promise<SampleRow[]> {
    const conditions = new Conditions(projectId);
    addFilters(conditions, filter, bands);
    const key = SORT_KEYS[filter.sort];
    const isRecent = filter.sort === 'recent';
    if (after && isRecent) conditions.add('p.seq < ?::bigint', after.seq);
    else if (after) conditions.add(`(${key}, p.seq) > (?::float8, ?::bigint)`, after.key, after.seq);
    const order = isRecent ? 'p.seq desc' : `${key}, p.seq`;
    return this.db.query<SampleRow>(
      `select ${COLUMNS}, (${key})::float8 as sort_key ${SAMPLES} where ${conditions.text} order by ${order} limit ${filter.limit + 1}`,
      conditions.values,
    );
  }

  async find(projectId: string, id: string): Promise<SampleRow | undefined> {
    const [row] = await this.db.query<SampleRow>(
      `select ${COLUMNS}, 0 as sort_key ${SAMPLES} where p.project_id = $1 and p.id = $2`,
      [projectId, id],
    );
    return row;
  }

  /** All that was said about a sample, oldest first. */
  statements(projectId: string, sampleId: string): Promise<StatementRow[]> {
    return this.db.query<StatementRow>(
      `select f.id, f.kind, f.label, f.not_label as "notLabel", f.rating, f.comment, f.rater_id as "raterId",
              f.rater_role as "raterRole", f.occurred_at as "occurredAt", f.received_at as "receivedAt"
       from prediction p join feedback f on f.project_id = p.project_id and (f.prediction_id = p.id or f.external_id = p.external_id)
       where p.project_id = $1 and p.id = $2 order by f.occurred_at, f.seq`,
      [projectId, sampleId],
    );
  }

  /** See {@link readJourney}. */
  journey(projectId: string, sampleId: string): Promise<Journey | undefined> {
    return readJourney(this.db, projectId, sampleId);
  }

  /** Pairs of resolved label and answer, with how often. */
  async pairs(projectId: string, filter: ConfusionFilter): Promise<LabelPair[]> {
    const conditions = new Conditions(projectId);
    conditions.add(`s.status = 'resolved' and p.label is not null`);
    if (filter.model) conditions.add('p.model_name = ?', filter.model);
    if (filter.modelVersion) conditions.add('p.model_version = ?', filter.modelVersion);
    if (filter.split) conditions.add(`${SPLIT} = ?`, filter.split);
    const values = [...conditions.values, filter.threshold ?? 0, filter.below ?? ''];
    const answer = `case when coalesce(p.confidence, 1) < $${values.length - 1}::float8 then $${values.length}::text else p.label end`;
    return this.db.query(
      `select s.label, ${answer} as predicted, count(*)::int as count ${SAMPLES} where ${conditions.text} group by 1, 2`,
      values,
    );
  }

  /** Labels and answers with how often, by side of the split. */
  balance(projectId: string): Promise<LabelCount[]> {
    return this.db.query(
      `select coalesce(l.label, a.label) as label, coalesce(l.train, 0)::int as train, coalesce(l.holdout, 0)::int as holdout,
              coalesce(a.predicted, 0)::int as predicted
       from (select label, count(*) filter (where split = 'train') as train, count(*) filter (where split = 'holdout') as holdout
             from (select s.label, coalesce(d.side, s.split) as split from sample s
                   left join sample_side d on d.project_id = s.project_id and d.sample_id = s.prediction_id
                   where s.project_id = $1 and s.status = 'resolved') sided group by label) l
       full join (select label, count(*) as predicted from prediction where project_id = $1 and label is not null
                  group by label) a on a.label = l.label
       order by train desc, label`,
      [projectId],
    );
  }

  /** Model versions whose answers have labels, the latest first. */
  labelledVersions(projectId: string): Promise<{ name: string | null; version: string; samples: number }[]> {
    return this.db.query(
      `select p.model_name as name, p.model_version as version, count(*)::int as samples
       from sample s join prediction p on p.project_id = s.project_id and p.id = s.prediction_id
       where s.project_id = $1 and s.status = 'resolved' and p.label is not null
       group by 1, 2 order by max(p.seq) desc limit 100`,
      [projectId],
    );
  }

  /** How many samples stand where. */
  async standing(projectId: string): Promise<{ resolved: number; disputed: number; none: number }> {
    const [row] = await this.db.query<{ resolved: number; disputed: number; none: number }>(
      `select count(*) filter (where status = 'resolved')::int as resolved,
              count(*) filter (where status = 'disputed')::int as disputed,
              count(*) filter (where status = 'none')::int as none from sample where project_id = $1`,
      [projectId],
    );
    return row!;
  }
}

/** SQL conditions with their parameters; `?` stands for the next one. */
class Conditions {
  private readonly parts: string[] = ['p.project_id = $1'];
  readonly values: unknown[];

  constructor(projectId: string) {
    this.values = [projectId];
  }

  add(condition: string, ...values: unknown[]): void {
    let used = 0;
    this.parts.push(condition.replaceAll('?', () => `$${this.values.length + ++used}`));
    this.values.push(...values);
  }

  get text(): string {
    return this.parts.join(' and ');
  }
}

/** The condition of each filter, with `?` for its value. */
const FILTERS: Readonly<Record<string, string>> = {
  id: 'p.id = any(?)',
  label: `s.status = 'resolved' and s.label = ?`,
  predicted: 'p.label = ?',
  modelVersion: 'p.model_version = ?',
  split: `${SPLIT} = ?`,
  labelled: `(s.status is not distinct from 'resolved') = ?`,
  disputed: `(s.status is not distinct from 'disputed') = ?`,
  suspect: 'coalesce(s.label <> p.label, false) = ?',
  rater: `exists (select 1 from feedback f where f.project_id = p.project_id and f.rater_id = ?
                  and (f.prediction_id = p.id or f.external_id = p.external_id))`,
};

/** Of values: what stands in the filter is the name of a band. */
const BAND_FILTERS = {
  label: `s.status = 'resolved' and s.label::float8 > ?::float8 and s.label::float8 <= ?::float8`,
  predicted: 'p.label::float8 > ?::float8 and p.label::float8 <= ?::float8',
} as const;

function addFilters(conditions: Conditions, filter: SampleFilter, bands: Bands): void {
  for (const [name, condition] of Object.entries(FILTERS)) {
    const value = filter[name as keyof SampleFilter];
    const band = bands[name as keyof Bands];
    if (band) conditions.add(BAND_FILTERS[name as keyof Bands], band.above, band.upTo);
    else if (value !== undefined) conditions.add(condition, value);
  }
  if (filter.q !== undefined) conditions.add(`p.preview ilike '%' || ? || '%'`, filter.q.replace(/[\\%_]/g, '\\$&'));
  if (filter.slice !== undefined) {
    const [name, ...rest] = filter.slice.split(':');
    conditions.add('p.attributes ->> ? = ?', name, rest.join(':'));
  }
}
