import { Injectable } from '@nestjs/common';
import type { BoutReport, EvaluationReport, ModelReport, Watch } from '../core/comparison.js';
import { LoopError } from '../core/errors.js';
import { type Page, pageOf } from '../core/page.js';
import { decidePromotion, movesAnchor } from '../core/promotion.js';
import { evaluateModel, loopTick, notify } from '../jobs.js';
import { JobQueue } from '../platform/queue/job-queue.js';
import { type Decision, type ModelRow, PromoteStore } from './promote.store.js';
import { QuarantineService } from './quarantine.service.js';
import { DecisionRestoreService } from './restore.service.js';

/** Who serves? The only place that moves the champion. */
@Injectable()
export class PromoteService {
  constructor(
    private readonly store: PromoteStore,
    private readonly copies: DecisionRestoreService,
    private readonly quarantines: QuarantineService,
    private readonly jobs: JobQueue,
  ) {}

  /** Decides on an evaluated challenger, once. A refusal is kept with its numbers like a promotion. */
  async decide(projectId: string, version: number): Promise<void> {
    const evaluation = await this.store.evaluation(projectId, version);
    if (!evaluation || (await this.store.isDecided(projectId, version))) return;
    const { promotion: settings } = await this.store.settings(projectId);
    const { report } = evaluation;
    const decision = decidePromotion(report, settings);
    const { promoted, reason, isHarmful, ...tests } = decision;
    const isBooked = await this.book(projectId, {
      kind: 'automatic',
      promoted,
      reason,
      fromVersion: evaluation.champion,
      toVersion: version,
      numbers: { ...numbersOf(report), ...tests },
      actor: 'the loop',
      isQuarantined: isHarmful,
      movesAnchor: movesAnchor(decision, report.anchor ?? null, settings.alpha),
    });
    // The champion changed since the contest: the contest is held again against the new one.
    if (!isBooked) await this.jobs.hint(evaluateModel, { projectId, version });
    else await this.jobs.hint(loopTick, { projectId });
  }

  /** Back to what served before this promotion, unless somebody has moved the champion since. */
  async takeBack(projectId: string, promotionId: string): Promise<void> {
    const watch = await this.store.watch(projectId, promotionId);
    if (watch?.verdict === 'worse') await this.book(projectId, automaticRollback(watch));
  }

  /** A person puts a version in service; needs a reason and is signed by the key's name. */
  async promote(projectId: string, version: number, { reason, actor }: { reason?: string | undefined; actor: string }) {
    const model = await this.find(projectId, version);
    const champion = await this.store.champion(projectId);
    if (champion === version) throw new LoopError('not-possible-now', `Version ${version} serves already.`);
    if (reason === undefined && model.status !== 'retired')
      throw new LoopError('invalid-request', 'A version that the gate did not promote needs a reason.', [NO_REASON]);
    const numbers = model.report ? numbersOf(model.report) : {};
    await this.bookOrRefuse(projectId, {
      kind: 'manual',
      promoted: true,
      fromVersion: champion,
      toVersion: version,
      reason: reason ?? 'served before, promoted by hand',
      numbers,
      actor,
    });
    return this.read(projectId, version);
  }

  /** Back to the version that served before. A model's files hold its labels and features, so all of it goes back together. */
  async rollback(projectId: string, { reason, actor }: { reason: string; actor: string }) {
    const champion = await this.store.champion(projectId);
    if (champion === null)
      throw new LoopError('no-model', 'No model serves this project, so there is nothing to roll back.');
    const previous = await this.store.predecessor(projectId, champion);
    if (previous === null) throw new LoopError('not-possible-now', `No version served before version ${champion}.`);
    await this.bookOrRefuse(projectId, {
      kind: 'rollback',
      promoted: true,
      fromVersion: champion,
      toVersion: previous,
      reason,
      numbers: {},
      actor,
    });
    return this.read(projectId, previous);
  }

  async read(projectId: string, version: number) {
    const model = await this.find(projectId, version);
    const promotions = await this.store.promotions(projectId, version);
    const decisions = promotions.map(({ projectId: _projectId, ...decision }) => decision);
    const watch = await this.store.latestWatch(projectId, version);
    return { ...shown(model), evaluation: model.report, watch, decisions };
  }

  async list(
    projectId: string,
    { limit, cursor }: { limit: number; cursor?: string | undefined },
  ): Promise<Page<ReturnType<typeof shown>>> {
    const before = cursor === undefined ? undefined : Number(cursor);
    const rows = await this.store.models(projectId, { limit: limit + 1, before });
    return pageOf(rows, limit, ({ version }) => String(version), shown);
  }

  private async find(projectId: string, version: number): Promise<ModelRow> {
    const model = await this.store.model(projectId, version);
    if (!model) throw new LoopError('not-found', `There is no model version ${version} in this project.`);
    return model;
  }

  /** False when somebody moved the champion meanwhile. */
  private async book(projectId: string, decision: Decision): Promise<boolean> {
    const id = await this.store.book(projectId, decision);
    if (id === undefined) return false;
    await this.copies.keep(id);
    if (decision.isQuarantined) await this.quarantines.keep(projectId, decision.toVersion);
    await this.jobs.hint(notify, {});
    return true;
  }

  private async bookOrRefuse(projectId: string, decision: Decision): Promise<void> {
    if (await this.book(projectId, decision)) return;
    throw new LoopError('not-possible-now', 'The champion changed at the same moment; look again.');
  }
}

const NO_REASON = { pointer: '/reason', detail: 'is needed to overrule the gate' };

/** People verified enough since to know that the champion is worse than the model it replaced. */
const automaticRollback = (watch: Watch): Decision => ({
  kind: 'rollback',
  promoted: true,
  fromVersion: watch.version,
  toVersion: watch.against,
  reason: `worse than version ${watch.against} on ${watch.samples} golden samples verified since: ${watch.wins} gained, ${watch.losses} lost`,
  numbers: { watch },
  actor: 'the loop',
});

const score = (report: ModelReport | null) =>
  report && {
    version: report.version,
    correct: report.correct,
    accuracy: report.accuracy,
    calibrationError: report.calibrationError ?? null,
  };

/** The part of an evaluation that a decision rests on. */
const numbersOf = (report: EvaluationReport) => ({
  ...boutOf(report),
  // Evaluations of before there was a golden set have none.
  golden: report.golden ? boutOf(report.golden) : null,
  anchor: report.anchor ?? null,
  goldenWear: report.goldenWear ?? 0,
  footprint: report.footprint ?? null,
  sources: report.sources ?? [],
});

const boutOf = ({
  samples,
  majorityCorrect,
  champion,
  challenger,
  wins,
  losses,
  negativeFlips,
  slices,
}: BoutReport) => ({
  ...{ samples, majorityCorrect, wins, losses, negativeFlips, slices: slices ?? [] },
  champion: score(champion),
  challenger: score(challenger),
});

/** A model version as lists show it. */
function shown(row: ModelRow) {
  return {
    version: row.version,
    status: row.status,
    parent: row.parent,
    snapshotId: row.snapshot_id,
    runId: row.run_id,
    kind: row.kind,
    labels: row.labels,
    metrics: {
      ...row.metrics,
      holdoutSamples: row.report?.samples ?? null,
      holdoutAccuracy: row.report?.challenger.accuracy ?? null,
      championAccuracy: row.report?.champion?.accuracy ?? null,
      calibrationError: row.report?.challenger.calibrationError ?? null,
    },
    bytes: row.bytes,
    sha256: row.sha256,
    seed: row.seed,
    backend: row.backend,
    codeVersion: row.code_version,
    createdAt: row.created_at,
  };
}
