import { type LabelChanges, NO_CHANGES } from './label-changes.js';
import type { PromotionSettings } from './promotion.js';
import type { RetrainSettings } from './retrain-policy.js';
import type { ReplayLimits } from './replay.js';
import type { Task } from './task.js';

export type Runner = 'built-in' | 'command' | 'kubernetes';

/** What an operator may choose for a project. */
export interface ProjectSettings {
  /** What its models answer with; null until the first data tells. */
  readonly task: Task | null;
  /** Share of groups never trained on. It may only be raised: see {@link import('./split.js').splitOf}. */
  readonly holdoutPercent: number;
  readonly retrain: RetrainSettings;
  readonly labels: LabelChanges;
  readonly training: ReplayLimits & {
    /** Most samples that a run learns from which learns from nothing and from all history. */
    readonly maxRefitSamples: number;
    /** Who trains: this service, the program in TRAINER_COMMAND, or a Job in a Kubernetes cluster. */
    readonly runner: Runner;
  };
  readonly promotion: PromotionSettings;
  /** Share of review items drawn at random, whatever the model thinks, so that accuracy can be estimated honestly. */
  readonly auditShare: number;
  /**
   * How long a request for an answer waits for a person while no model serves, or where the one that does is unsure; 0: not
   * at all. Less than a minute, after which a request counts as lost.
   */
  readonly standInSeconds: number;
  /** How long it waits at most while nobody is at the review queue, once a minute; other requests do not wait then. */
  readonly standInUnattendedSeconds: number;
  /** A person is asked for labels of which the champion is less sure than this; 0: for none. */
  readonly standInBelow: number;
}

export const DEFAULT_SETTINGS: ProjectSettings = {
  task: null,
  holdoutPercent: 20,
  retrain: {
    minNewLabels: 200,
    debounceSeconds: 30,
    maxWaitSeconds: 600,
    nightlyHour: 3,
    driftLabels: 20,
    refitAfterModels: 10,
  },
  labels: NO_CHANGES,
  training: { maxSamples: 50_000, maxRefitSamples: 200_000, halfLifeDays: 90, runner: 'built-in' },
  promotion: {
    minHoldout: 20,
    minGolden: 150,
    goldenDays: 30,
    withoutGolden: 'holdout',
    maxNegativeFlipRate: 0.1,
    alpha: 0.05,
    tolerance: null,
    maxOlderDrop: 0.05,
    maxCalibrationGrowth: 0.1,
    maxMegabytes: 500,
    maxMillisecondsAnAnswer: 100,
  },
  auditShare: 0.2,
  standInSeconds: 0,
  standInUnattendedSeconds: 10,
  standInBelow: 0,
};

export type SettingsPatch = {
  readonly [Key in keyof ProjectSettings]?: ProjectSettings[Key] extends object
    ? Partial<ProjectSettings[Key]>
    : ProjectSettings[Key];
};

/** Settings as stored, completed by the defaults: a setting added later has its default everywhere. */
export function completeSettings(stored: SettingsPatch, base: ProjectSettings = DEFAULT_SETTINGS): ProjectSettings {
  return {
    task: stored.task ?? base.task,
    holdoutPercent: stored.holdoutPercent ?? base.holdoutPercent,
    retrain: { ...base.retrain, ...stored.retrain },
    labels: { ...base.labels, ...stored.labels },
    training: { ...base.training, ...stored.training },
    promotion: { ...base.promotion, ...stored.promotion },
    auditShare: stored.auditShare ?? base.auditShare,
    standInSeconds: stored.standInSeconds ?? base.standInSeconds,
    standInUnattendedSeconds: stored.standInUnattendedSeconds ?? base.standInUnattendedSeconds,
    standInBelow: stored.standInBelow ?? base.standInBelow,
  };
}

/** Stored settings with a change laid over them, setting by setting. */
export const mergeSettings = (stored: SettingsPatch, change: SettingsPatch): SettingsPatch => ({
  ...stored,
  ...change,
  retrain: { ...stored.retrain, ...change.retrain },
  labels: { ...stored.labels, ...change.labels },
  training: { ...stored.training, ...change.training },
  promotion: { ...stored.promotion, ...change.promotion },
});
