import { Injectable } from '@nestjs/common';
import { newId } from '../core/ids.js';
import type { ReviewCandidates, ReviewPick } from '../core/review.js';
import type { ProjectSettings } from '../core/settings.js';
import { Database } from '../platform/database/database.js';
import { readInputKinds } from '../platform/database/inputs.js';
import { isAwaited } from '../platform/database/is-awaited.js';
import { readSettings } from '../platform/database/project-settings.js';

/** Only the latest traffic is looked through for what to review, so that the cost does not grow with all history. */
const WINDOW = 10_000;
/** A label with fewer samples is new or rare. */
const FEWEST_OF_LABEL = 10;

/** Those that nobody waits for. */
type Candidates = Omit<ReviewCandidates, 'waiting'>;

@Injectable()
export class ReviewStore {
  constructor(private readonly db: Database) {}

  settings(projectId: string): Promise<ProjectSettings> {
    return readSettings(this.db, projectId);
  }

  /** Notes that somebody is at the queue. */
  async attend(projectId: string): Promise<void> {
    await this.db.query(
      `insert into attendance (project_id, seen_at) values ($1, now())
       on conflict (project_id) do update set seen_at = now() where attendance.seen_at < now() - interval '5 seconds'`,
      [projectId],
    );
  }

  /** Until when somebody waits for what people say of a prediction, by its id; who has waited longest first. */
  async waiting(projectId: string, n: number): Promise<Map<string, Date>> {
    const rows = await this.db.query<{ id: string; until: Date }>(
      `select a.prediction_id as id, a.until from asked a
       where a.project_id = $1 and ${isAwaited('a')}
         and not exists (select 1 from review v where v.project_id = $1 and v.sample_id = a.prediction_id
                         and (v.decided_at is not null or v.leased_until > now()))
         and exists (select 1 from prediction p where p.project_id = $1 and p.id = a.prediction_id)
       order by a.until, a.prediction_id limit $2`,
      [projectId, n],
    );
    return new Map(rows.map(({ id, until }) => [id, until]));
  }

  /** Unreviewed and unleased samples of recent traffic, some of each kind. */
  async candidates(projectId: string, n: number): Promise<Candidates> {
    const [row] = await this.db.query<CandidateRow>(CANDIDATES, [projectId, n, WINDOW, FEWEST_OF_LABEL]);
    return {
      disputed: row!.disputed ?? [],
      suspects: row!.suspects ?? [],
      rare: row!.rare ?? [],
      unanswered: row!.unanswered ?? [],
      uncertain: row!.uncertain ?? [],
      random: row!.random ?? [],
      population: row!.population,
    };
  }

  /** The texts among the candidates, by id, as far as a list shows them. */
  async previews(projectId: string, candidates: Candidates): Promise<Map<string, string>> {
    const { disputed, suspects, rare, unanswered, uncertain, random } = candidates;
    const ids = [...disputed, ...suspects, ...rare, ...unanswered, ...uncertain, ...random];
    const inputs = [...(await readInputKinds(this.db, projectId, ids))];
    return new Map(inputs.flatMap(([id, { kind, preview }]) => (kind === 'text' ? [[id, preview]] : [])));
  }

  /** Leases the picks; those that somebody else leased meanwhile are left out. */
  async lease(
    projectId: string,
    picks: readonly ReviewPick[],
    raterId: string,
    secondsOf: (pick: ReviewPick) => number,
  ): Promise<Set<string>> {
    const rows = await this.db.query<{ sample_id: string }>(
      `insert into review (id, project_id, sample_id, rater_id, reason, probability, is_blind, leased_until)
       select t.id, $1, t.sample_id, $7, t.reason, t.probability, t.is_blind, now() + make_interval(secs => t.seconds)
       from unnest($2::uuid[], $3::text[], $4::text[], $5::float8[], $6::boolean[], $8::float8[])
         as t (id, sample_id, reason, probability, is_blind, seconds)
       on conflict (project_id, sample_id) do update set
         rater_id = excluded.rater_id, reason = excluded.reason, probability = excluded.probability,
         is_blind = excluded.is_blind, leased_until = excluded.leased_until,
         decision = null, agreed = null, decided_at = null
       where (review.decided_at is null or review.reason = 'waiting' and excluded.reason = 'audit')
         and review.leased_until < now()
       returning sample_id`,
      [
        projectId,
        picks.map(() => newId()),
        picks.map(({ sampleId }) => sampleId),
        picks.map(({ reason }) => reason),
        picks.map(({ probability }) => probability),
        picks.map(({ isBlind }) => isBlind),
        raterId,
        picks.map(secondsOf),
      ],
    );
    return new Set(rows.map((row) => row.sample_id));
  }

  /** Notes the decision; a sample that was never leased gets its row here. */
  async decided(
    projectId: string,
    sampleId: string,
    { rater, kind, agreed }: { rater: string; kind: string; agreed: boolean | null },
  ): Promise<DecidedReview> {
    const [row] = await this.db.query<DecidedReview>(
      `insert into review (id, project_id, sample_id, rater_id, reason, probability, leased_until, decision, agreed, decided_at)
       values ($1, $2, $3, $4, 'chosen', 1, now(), $5, $6, now())
       on conflict (project_id, sample_id) do update
         set rater_id = $4, decision = $5, agreed = $6, decided_at = now(),
           leased_until = case when review.reason = 'waiting' then now() else review.leased_until end
       returning ${DECIDED}`,
      [newId(), projectId, sampleId, rater, kind, agreed],
    );
    return row!;
  }

  /** False for a decision that is there. */
  async restore(review: DecidedReview): Promise<boolean> {
    const { id, projectId, sampleId, raterId, reason, probability, isBlind, decision, agreed, decidedAt } = review;
    const rows = await this.db.query(
      `insert into review (id, project_id, sample_id, rater_id, reason, probability, is_blind, leased_until, decision, agreed, decided_at)
       values ($1, $2, $3, $4, $5, $6, $7, now(), $8, $9, $10) on conflict (project_id, sample_id) do nothing
       returning 1`,
      [id, projectId, sampleId, raterId, reason, probability, isBlind, decision, agreed, decidedAt],
    );
    return rows.length > 0;
  }
}

const DECIDED = `id, project_id as "projectId", sample_id as "sampleId", rater_id as "raterId", reason, probability,
  is_blind as "isBlind", decision, agreed, decided_at as "decidedAt"`;

/** A decision with why the item was chosen, as its copy in the object store holds it. */
export interface DecidedReview {
  readonly id: string;
  readonly projectId: string;
  readonly sampleId: string;
  readonly raterId: string;
  readonly reason: string;
  readonly probability: number;
  readonly isBlind: boolean;
  readonly decision: string;
  readonly agreed: boolean | null;
  readonly decidedAt: Date | string;
}

interface CandidateRow {
  readonly disputed: string[] | null;
  readonly suspects: string[] | null;
  readonly rare: string[] | null;
  readonly unanswered: string[] | null;
  readonly uncertain: string[] | null;
  readonly random: string[] | null;
  readonly population: number;
}

/**
 * Audits are drawn from the part of the traffic that no model is trained on, whether or not users spoke of it, or somebody
 * waited for a person's word on it: a fair sample, in which what models find hard has its share. What people verify of it is
 * the golden set.
 */
const CANDIDATES = `
with recent as (
  select p.id, p.seq, p.margin, p.split, p.label from prediction p
  where p.project_id = $1 order by p.seq desc limit $3
), open as (
  select r.* from recent r
  where not exists (select 1 from sample s where s.project_id = $1 and s.prediction_id = r.id and s.status <> 'none')
    and not exists (select 1 from review v where v.project_id = $1 and v.sample_id = r.id
                    and (v.decided_at is not null or v.leased_until > now()))
), auditable as (
  select r.id from recent r
  where r.split = 'holdout'
    and not exists (select 1 from sample_side d where d.project_id = $1 and d.sample_id = r.id and d.side <> 'holdout')
    and not exists (select 1 from review v where v.project_id = $1 and v.sample_id = r.id
                    and (v.decided_at is not null and v.reason <> 'waiting' or v.leased_until > now()))
)
select
  (select array_agg(prediction_id) from (
     select s.prediction_id from sample s where s.project_id = $1 and s.status = 'disputed'
       and not exists (select 1 from review v where v.project_id = $1 and v.sample_id = s.prediction_id and v.leased_until > now())
     order by s.revision desc limit $2) d) as disputed,
  (select array_agg(id) from (
     select d.id from (
       select x->>'sampleId' as id, x->>'label' as label, (x->>'margin')::float8 as margin
       from model_version m, jsonb_array_elements(coalesce(m.metrics->'outOfFold'->'suspects', '[]'::jsonb)) x
       where m.project_id = $1 and m.version = (select max(version) from model_version where project_id = $1)) d
     join sample s on s.project_id = $1 and s.prediction_id = d.id and s.status = 'resolved' and s.label = d.label
     where not exists (select 1 from review v where v.project_id = $1 and v.sample_id = d.id
                       and (v.decided_at is not null or v.leased_until > now()))
     order by d.margin limit $2) q) as suspects,
  (select array_agg(id) from (
     select o.id from open o
     left join (select label, count(*) as n from sample where project_id = $1 and status = 'resolved' group by label) l
       on l.label = o.label
     where o.label is not null and coalesce(l.n, 0) < $4 order by coalesce(l.n, 0), o.seq desc limit $2) w) as rare,
  (select array_agg(id) from (select id from open where label is not null
                                order by coalesce(margin, 1), seq limit 2 * $2) u) as uncertain,
  (select array_agg(id) from (select id from open where label is null order by seq desc limit 2 * $2) e) as unanswered,
  (select array_agg(id) from (select id from auditable order by random() limit $2) r) as random,
  (select count(*)::int from auditable) as population`;
