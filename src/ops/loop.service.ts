import { Injectable } from '@nestjs/common';
import { addTerms, balanceOf } from '../core/ledger.js';
import { decideRetrain } from '../core/retrain-policy.js';
import { type LedgerRow, LoopStore, type PromotionRow, type StageRow } from './loop.store.js';

/** How is the loop? */
@Injectable()
export class LoopService {
  constructor(private readonly store: LoopStore) {}

  /** State and lag of each stage, how long feedback takes to go live, and why nothing trains now. */
  async loop(projectId: string) {
    const [settings, state, stages, champion, run, promotions, corrections] = await Promise.all([
      this.store.settings(projectId),
      this.store.loopState(projectId),
      this.store.stages(projectId),
      this.store.champion(projectId),
      this.store.currentRun(projectId),
      this.store.promotions(projectId),
      this.store.corrections(projectId),
    ]);
    const { fire, reason } = decideRetrain(state, settings.retrain);
    const { minGolden, goldenDays } = settings.promotion;
    const goldenSamples = await this.store.goldenSamples(projectId, goldenDays);
    return {
      projectId,
      now: state.now,
      stages: stages.map((row) => shownStage(row, state.now)),
      champion,
      standInSeconds: settings.standInSeconds,
      retrain: { fires: fire, reason, newLabels: state.newLabels, needed: settings.retrain.minNewLabels, run },
      gate: { basis: goldenSamples >= minGolden ? 'golden' : 'holdout', goldenSamples, needed: minGolden },
      feedbackToLiveSeconds:
        promotions.find((row) => row.feedback_to_live_seconds !== null)?.feedback_to_live_seconds ?? null,
      corrections: {
        ...corrections,
        share: corrections.corrected ? corrections.honoured / corrections.corrected : null,
      },
      promotions: promotions.map(shownPromotion),
    };
  }

  /** Where every received item is. */
  async ledger(projectId: string) {
    const rows = await this.store.ledger(projectId);
    const predictions = balanceOf(terms(rows.find(({ source }) => source === 'predictions')));
    const feedback = balanceOf(terms(rows.find(({ source }) => source === 'feedback')));
    return { ...balanceOf(addTerms(predictions, feedback)), predictions, feedback };
  }
}

function shownStage({ stage, done, last_at, waiting, oldest_waiting_at }: StageRow, now: Date) {
  const lagSeconds = oldest_waiting_at ? Math.max(0, (now.getTime() - oldest_waiting_at.getTime()) / 1000) : 0;
  return { stage, done, lastAt: last_at, waiting, lagSeconds };
}

function shownPromotion(row: PromotionRow) {
  return {
    version: row.version,
    fromVersion: row.from_version,
    kind: row.kind,
    promoted: row.promoted,
    reason: row.reason,
    actor: row.actor,
    at: row.at,
    holdoutAccuracy: row.accuracy,
    championAccuracy: row.champion_accuracy,
    holdoutSamples: row.samples,
    trainSamples: row.train_samples,
    feedbackToLiveSeconds: row.feedback_to_live_seconds,
  };
}

function terms(row: LedgerRow | undefined) {
  if (!row) return {};
  const { source: _source, ...counts } = row;
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, Number(count)]));
}
