/** What starts a run that learns from nothing and from all history, not from the model that serves and a bounded rest. */
export const REFIT = 'refit';

/** When a project trains. Labels are counted since its last snapshot; times are seconds. */
export interface RetrainSettings {
  readonly minNewLabels: number;
  /** Quiet time after the last new label, so that a burst makes one run. */
  readonly debounceSeconds: number;
  /** A burst that never ends cannot put a run off for longer than this after the threshold was passed. */
  readonly maxWaitSeconds: number;
  /** Hour of the day (UTC) of the nightly run; null for none. */
  readonly nightlyHour: number | null;
  /** With so many new labels a change of the traffic starts a run; null for never. */
  readonly driftLabels: number | null;
  /** After so many models that went on from the one before, the next learns from nothing; null for never. */
  readonly refitAfterModels: number | null;
}

export interface LoopState {
  readonly now: Date;
  readonly newLabels: number;
  /** When the oldest and the newest label since the last snapshot came. */
  readonly firstNewLabelAt: Date | null;
  readonly lastNewLabelAt: Date | null;
  readonly lastSnapshotAt: Date | null;
  readonly isRunOpen: boolean;
  /** Models since the last refit that went on from the one before. */
  readonly modelsSinceRefit: number;
}

export type RetrainDecision =
  | { readonly fire: true; readonly trigger: 'new-labels' | 'nightly' | typeof REFIT; readonly reason: string }
  | {
      readonly fire: false;
      readonly reason: string;
      /** When the answer may change by time alone. */ readonly againInSeconds?: number;
    };

/**
 * Whether to train now, and why or why not. No memory of its own: it reads the state at each tick, so a trigger that
 * came while a run was open, or while nobody looked, fires at a later tick and is never lost.
 */
export function decideRetrain(state: LoopState, settings: RetrainSettings): RetrainDecision {
  if (state.newLabels === 0) {
    if (!isRefitDue(state, settings)) return wait('no new labels since the last snapshot');
    const reason = `${state.modelsSinceRefit} models went on from the one before since all was learnt from nothing`;
    return { fire: true, trigger: REFIT, reason };
  }
  if (state.isRunOpen) return wait(`a run is under way; ${state.newLabels} new labels wait for the next one`);
  if (isNightlyDue(state, settings)) {
    return { fire: true, trigger: 'nightly', reason: `nightly run with ${state.newLabels} new labels` };
  }
  if (state.newLabels < settings.minNewLabels) {
    return wait(`${state.newLabels} of ${settings.minNewLabels} new labels`);
  }
  const quiet = secondsSince(state.lastNewLabelAt, state.now);
  const waited = secondsSince(state.firstNewLabelAt, state.now);
  if (quiet < settings.debounceSeconds && waited < settings.maxWaitSeconds) {
    const reason = `labels still arrive: ${quiet.toFixed(1)} of ${settings.debounceSeconds} quiet seconds`;
    return {
      fire: false,
      reason,
      againInSeconds: Math.min(settings.debounceSeconds - quiet, settings.maxWaitSeconds - waited),
    };
  }
  return { fire: true, trigger: 'new-labels', reason: `${state.newLabels} new labels since the last snapshot` };
}

/** Due after so many models, when it keeps no label waiting: where it has been quiet for a while, and in the nightly hour. */
function isRefitDue(
  { modelsSinceRefit, isRunOpen, lastSnapshotAt, now }: LoopState,
  settings: RetrainSettings,
): boolean {
  const { refitAfterModels, maxWaitSeconds, nightlyHour } = settings;
  if (refitAfterModels === null || modelsSinceRefit < refitAfterModels || isRunOpen) return false;
  return now.getUTCHours() === nightlyHour || secondsSince(lastSnapshotAt, now) >= maxWaitSeconds;
}

const wait = (reason: string): RetrainDecision => ({ fire: false, reason });

const secondsSince = (then: Date | null, now: Date): number =>
  then ? (now.getTime() - then.getTime()) / 1000 : Infinity;

/** Due when the nightly hour has come since the last snapshot, or since the first label where there is none. */
function isNightlyDue({ now, lastSnapshotAt, firstNewLabelAt }: LoopState, { nightlyHour }: RetrainSettings): boolean {
  if (nightlyHour === null) return false;
  const due = new Date(now);
  due.setUTCHours(nightlyHour, 0, 0, 0);
  if (due > now) due.setUTCDate(due.getUTCDate() - 1);
  const since = lastSnapshotAt ?? firstNewLabelAt;
  return since !== null && since < due;
}
