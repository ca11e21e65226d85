import { Injectable } from '@nestjs/common';
import {
  answersTo,
  comparable,
  type BoutReport,
  compare,
  type EvaluationReport,
  type HoldoutAnswers,
  type LeakReport,
  recentOf,
  sourcesOf,
} from '../core/comparison.js';
import { type Judge, judgeFor } from '../core/judge.js';
import type { ManifestLine, SnapshotSample } from '../core/manifest.js';
import type { Anchor } from '../core/promotion.js';
import { promoteModel } from '../jobs.js';
import { ObjectStore } from '../platform/object-store/object-store.js';
import { readSnapshot } from '../platform/object-store/snapshot-reader.js';
import { JobQueue } from '../platform/queue/job-queue.js';
import { type Contender, ContenderService } from './contender.service.js';
import { EvaluateStore } from './evaluate.store.js';

/** Of the new labels the last ones are looked at for who said them. */
const MOST_OF_BATCH = 2_000;

/** Is it better, and where is it worse? */
@Injectable()
export class EvaluateService {
  constructor(
    private readonly store: EvaluateStore,
    private readonly contenders: ContenderService,
    private readonly objects: ObjectStore,
    private readonly jobs: JobQueue,
  ) {}

  /**
   * Champion and challenger answer the holdout of the challenger's snapshot, which neither was trained on. They are
   * compared on what is not nearly the same as something learnt, and once more on the golden part alone, which is
   * a fair sample of the traffic with all its repetitions.
   */
  async evaluate(projectId: string, version: number): Promise<void> {
    const contest = await this.store.contest(projectId, version);
    if (!contest) return;
    const isNew = ({ revision }: ManifestLine): boolean => BigInt(revision) > contest.parentCut;
    const samples = await readSnapshot(
      this.objects,
      contest.manifestKey,
      (line) => line.split === 'holdout' || isNew(line),
    );
    const holdout = recentOf(
      samples.filter(({ split }) => split === 'holdout'),
      contest.halfLifeDays,
    );
    const labels = holdout.map(({ label }) => label);
    const judge = judgeFor(contest.task, labels, contest.tolerance);
    const batch = samples.filter(({ split }) => split === 'train').slice(-MOST_OF_BATCH);
    const challenger = await this.contenders.answers(contest.challenger, holdout);
    // Both at once: to load a model takes longer than to ask it.
    const asked = contest.champion && (await this.contenders.answers(contest.champion, [...holdout, ...batch]));
    const champion = asked && answersTo([...holdout.keys()], asked);
    const golden = goldenOf(holdout, contest.goldenSince);
    const compared = comparable(holdout, contest.leaked);
    const report: EvaluationReport = {
      ...boutOn(compared, { holdout, challenger, champion, judge }),
      golden: golden.length === 0 ? null : boutOn(golden, { holdout, challenger, champion, judge }),
      anchor: contest.anchor && (await this.anchor(golden, { holdout, challenger, judge }, contest.anchor)),
      goldenWear: await this.store.goldenWear(projectId, version, contest.goldenSince),
      footprint: {
        bytes: contest.challenger.bytes,
        millisecondsAnAnswer: holdout.length === 0 ? 0 : challenger.milliseconds / holdout.length,
      },
      leaks: {
        ...leaksIn({ holdout, judge }, challenger, contest.leaked),
        areLeftOut: compared.length < holdout.length,
      },
      sources: asked ? sourcesOf(batch, asked.answers.slice(holdout.length), judge) : [],
    };
    await this.store.save(projectId, contest, version, report);
    await this.jobs.hint(promoteModel, { projectId, version });
  }

  private async anchor(
    golden: readonly number[],
    { holdout, challenger, judge }: Judged,
    anchor: Contender,
  ): Promise<Anchor | null> {
    if (golden.length === 0) return null;
    const samples = golden.map((i) => holdout[i]!);
    const { wins, losses } = compare(
      samples,
      answersTo(golden, challenger),
      await this.contenders.answers(anchor, samples),
      judge,
    );
    return { version: anchor.version, wins, losses };
  }
}

/** How the challenger does on what is nearly the same as something it learnt, and on the rest. */
function leaksIn(
  { holdout, judge }: Omit<Judged, 'challenger'>,
  { answers }: HoldoutAnswers,
  leaked: ReadonlySet<string>,
): LeakReport {
  const isRight = (i: number): boolean => judge.isRight(holdout[i]!.label, answers[i]!);
  const share = (members: readonly number[]): number | null =>
    members.length === 0 ? null : members.filter(isRight).length / members.length;
  const all = [...holdout.keys()];
  const near = all.filter((i) => leaked.has(holdout[i]!.sampleId));
  const far = all.filter((i) => !leaked.has(holdout[i]!.sampleId));
  return { samples: near.length, accuracy: share(near), accuracyOfOthers: share(far) };
}

/** What was answered to the holdout, and what counts as right. */
interface Judged {
  readonly holdout: readonly SnapshotSample[];
  readonly challenger: HoldoutAnswers;
  readonly judge: Judge;
}

/** Indexes of the golden samples that are young enough. */
const goldenOf = (holdout: readonly SnapshotSample[], since: Date): number[] =>
  [...holdout.keys()].filter((i) => new Date(holdout[i]!.goldenAt ?? 0) >= since);

const boutOn = (
  indexes: readonly number[],
  { holdout, challenger, champion, judge }: Judged & { readonly champion: HoldoutAnswers | null },
): BoutReport =>
  compare(
    indexes.map((i) => holdout[i]!),
    answersTo(indexes, challenger),
    champion && answersTo(indexes, champion),
    judge,
  );
