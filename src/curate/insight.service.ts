import { Injectable } from '@nestjs/common';
import { type Answered, raterKey } from '../core/crowd.js';
import { type Counts, driftsOf } from '../core/drift.js';
import { LoopError } from '../core/errors.js';
import { honestNumbers } from '../core/honest-accuracy.js';
import type { Judge } from '../core/judge.js';
import { outlookOf } from '../core/learning-curve.js';
import { groupsOf, listedFingerprints } from '../core/near-duplicates.js';
import { ObjectStore } from '../platform/object-store/object-store.js';
import { JudgeStore } from './judge.store.js';
import { type DriftCount, InsightStore, type LatestItem } from './insight.store.js';
import { countBy, groupBy, sum } from '../core/tally.js';

const MOST_GROUPS = 100;
/** The outlook says what so many more labels are likely to bring. */
const MORE_LABELS = 500;
const SHOWN_OF_GROUP = 10;

/** What the data and the people who label it are like, as far as numbers can say. */
@Injectable()
export class InsightService {
  constructor(
    private readonly store: InsightStore,
    private readonly objects: ObjectStore,
    private readonly judges: JudgeStore,
  ) {}

  /** How good the answers to all traffic are, told from random audits, beside what those say who spoke up. */
  async accuracy(projectId: string, days: number) {
    const judge = await this.judges.of(projectId);
    const [found, spoken, curve] = await Promise.all([
      this.store.verified(projectId, days),
      this.store.spoken(projectId, days, judge.tolerance ?? null),
      this.store.curve(projectId),
    ]);
    const verified = found.map(({ label, predicted, probability }) => ({
      label: judge.classOf(label),
      predicted: judge.classOf(predicted),
      isRight: judge.isRight(label, predicted),
      probability,
    }));
    const naive = { samples: spoken.samples, accuracy: spoken.samples === 0 ? null : spoken.right / spoken.samples };
    return { days, ...honestNumbers(verified), naive, outlook: outlookOf(curve, MORE_LABELS) };
  }

  /** What has changed lately, the largest change first. */
  async drift(projectId: string) {
    const { tolerance } = await this.judges.of(projectId);
    return { items: driftsOf(countsOf(await this.store.driftCounts(projectId, tolerance ?? null))) };
  }

  /** Who labels, how far they can be trusted, and what they cannot agree on. */
  async raters(projectId: string) {
    const [answers, reviewers, judge, crowd, suspects] = await Promise.all([
      this.store.answers(projectId),
      this.store.reviewers(projectId),
      this.judges.of(projectId),
      this.store.crowd(projectId),
      this.store.suspects(projectId),
    ]);
    const trust = (crowd?.trust ?? {}) as Trust;
    const doubted = new Map(suspects.map(({ sampleId, label }) => [sampleId, label]));
    return {
      method: crowd?.method ?? 'majority',
      gain: crowd?.gain ?? 0,
      judgedAt: crowd?.judgedAt ?? null,
      items: ratersOf(answers, { trust, judge, doubted }),
      reviewers,
      disputes: contested(answers.filter(({ status }) => status === 'disputed')),
      decidedByTrust: contested(answers.filter(({ isByTrust }) => isByTrust)).sort(
        (a, b) => Number(b.isAgainstMost) - Number(a.isAgainstMost),
      ),
    };
  }

  async suspects(projectId: string) {
    return { items: await this.store.suspects(projectId) };
  }

  /** Inputs that are the same, or the same but for little; those with different labels first. */
  async duplicates(projectId: string) {
    const items = await this.store.latest(projectId);
    const groups = alike(items).map(shownGroup);
    groups.sort((a, b) => Number(b.isContradictory) - Number(a.isContradictory) || b.size - a.size);
    return {
      items: groups.slice(0, MOST_GROUPS),
      looked: items.length,
      duplicates: sum(groups.map(({ size }) => size - 1)),
    };
  }

  /** The samples that a version learnt from, laid out by what models think of them. */
  async map(projectId: string, version: number | undefined) {
    const found = await this.store.prefix(projectId, version);
    if (!found) throw new LoopError('not-found', 'There is no such model version in this project.');
    const file = await this.objects.find(`${found.prefix}map.json`);
    if (!file) throw new LoopError('not-found', `Version ${found.version} has no map: it learnt from too few samples.`);
    return { version: found.version, ...(JSON.parse(file.toString('utf8')) as object) };
  }
}

function countsOf(rows: readonly DriftCount[]): Counts[] {
  const counts = new Map<string, { before: Map<string, number>; lately: Map<string, number> }>();
  for (const { what, value, before, lately } of rows) {
    const of = counts.get(what) ?? { before: new Map(), lately: new Map() };
    of.before.set(value, before);
    of.lately.set(value, lately);
    counts.set(what, of);
  }
  return [...counts].map(([what, of]) => ({ what, ...of }));
}

/** By {@link raterKey}. */
type Trust = Readonly<Record<string, number>>;

/** What people say different things about, with what is likeliest. */
function contested(answers: readonly Answered[]) {
  return [...groupBy(answers, ({ item }) => item)].map(([item, said]) => {
    const [{ preview, kind, resolved, suggested, belief }] = said as [Answered];
    return {
      sampleId: item,
      preview,
      kind,
      label: resolved,
      answers: said.map(({ rater, label }) => ({ rater, label })),
      isAgainstMost: isAgainstMost(said, resolved),
      suggested: suggested === null ? null : { label: suggested, probability: belief! },
    };
  });
}

/** Whether more people say something else than say what the label is. */
function isAgainstMost(said: readonly Answered[], resolved: string | null): boolean {
  const votes = countBy(said.map(({ label }) => label));
  return resolved !== null && (votes.get(resolved) ?? 0) < Math.max(...votes.values());
}

interface Known {
  readonly trust: Trust;
  readonly judge: Judge;
  /** Labels that models doubt, by sample. */
  readonly doubted: ReadonlyMap<string, string>;
}

/** By person: how much they said, how often the label is theirs, how many of those are doubted, and how far they can be trusted. */
function ratersOf(answers: readonly Answered[], { trust, judge, doubted }: Known) {
  return [...groupBy(answers, raterKey)]
    .map(([key, said]) => {
      const resolved = said.filter((answer) => answer.resolved !== null);
      const agreed = resolved.filter(({ label, resolved }) => judge.isRight(resolved!, label));
      const { rater, role } = said[0]!;
      return {
        rater,
        role,
        answers: said.length,
        agreement: resolved.length === 0 ? null : agreed.length / resolved.length,
        doubted: said.filter(({ item, label }) => doubted.get(item) === label).length,
        trust: trust[key] ?? null,
      };
    })
    .sort((a, b) => b.answers - a.answers || (a.rater < b.rater ? -1 : 1));
}

function alike(items: readonly LatestItem[]): LatestItem[][] {
  return [...groupBy(items, ({ kind }) => kind)].flatMap(([kind, own]) =>
    groupsOf(listedFingerprints(kind, own)).map((members) => members.map((i) => own[i]!)),
  );
}

function shownGroup(members: readonly LatestItem[]) {
  const labels = [...new Set(members.flatMap(({ label }) => label ?? []))].sort();
  return {
    size: members.length,
    labels,
    isContradictory: labels.length > 1,
    splits: [...new Set(members.map(({ split }) => split))].sort(),
    samples: members
      .slice(0, SHOWN_OF_GROUP)
      .map(({ id, preview, kind, label }) => ({ sampleId: id, preview, kind, label })),
  };
}
