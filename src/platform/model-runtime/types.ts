import type { ErrorSummary } from '../../core/errors-of-values.js';
import type { Input } from '../../core/input.js';
import type { LabelChanges } from '../../core/label-changes.js';
import type { SnapshotSample } from '../../core/manifest.js';
import type { WeightSettings } from '../../core/sample-weight.js';
import type { Judgement, Question } from './judgement.js';
import type { KeptAnswers } from './kept-answers.js';
import type { LeakCertificate } from './leaks.js';
import type { SampleMap } from '../../core/projection.js';
import type { ScopeThreshold } from '../../core/scope.js';
import type { Suspect } from '../../core/suspicion.js';
import type { Task } from '../../core/task.js';

export type ModelKind = 'text' | 'vector' | 'image';

/** What a model says about one input. `scores` holds a probability for every label and sums to 1. */
export interface Answer {
  /** In a regression the text of the value. */
  readonly label: string;
  readonly confidence: number;
  readonly scores: Readonly<Record<string, number>>;
  /** Of a regression alone: it has no scores, and its confidence is that of the interval. */
  readonly value?: number;
  readonly interval?: Interval;
}

/** In such an interval lies the truth with a probability of `level`. */
export interface Interval {
  readonly low: number;
  readonly high: number;
  readonly level: number;
}

export interface ServedModel {
  readonly kind: ModelKind;
  readonly labels: readonly string[];
  predict(inputs: readonly Input[]): Promise<Answer[]>;
  dispose(): void;
}

/** A model of ours, before its last sums are made probabilities. */
export interface SummingModel extends ServedModel {
  sums(inputs: readonly Input[]): Promise<Float64Array[]>;
}

/** The files of one model version by name, `manifest.json` among them. */
export type ModelFiles = ReadonlyMap<string, Buffer>;

/** What of a project's settings a run depends on. */
export interface TrainingSettings extends WeightSettings {
  readonly labels?: LabelChanges;
  /** Classification when it is not said. */
  readonly task?: Task;
}

export interface TrainingOptions {
  readonly seed: number;
  readonly parent?: ModelFiles;
  /** What the parent's run kept for this one. */
  readonly kept?: KeptAnswers;
  readonly settings: TrainingSettings;
  /** Learns on another thread what is to be learnt if no label is left out; on this one where it is not given. */
  readonly fitAhead?: (order: AheadOrder) => Ahead | undefined;
  /** Judges on another thread what was told, while this one learns; on this one where it is not given. */
  readonly judgeBeside?: (question: Question) => Promise<Judgement>;
  readonly onProgress: (fraction: number, note: string) => void;
  readonly signal: AbortSignal;
}

/** A model that was learnt. */
export interface Learnt {
  readonly finalLoss: number;
  readonly epochs: number;
  readonly files: ModelFiles;
}

/** What a thread needs to learn what its run would learn if no label were left out. */
export interface AheadOrder extends Pick<TrainingOptions, 'seed' | 'settings' | 'parent'> {
  readonly samples: readonly SnapshotSample[];
  /** Name of the candidate that the run has chosen. */
  readonly candidate: string;
}

export interface Ahead {
  /** The model, with confidences at this temperature; undefined where it could not be learnt here. */
  learnt(temperature: number, hooks: Pick<TrainingOptions, 'onProgress' | 'signal'>): Promise<Learnt | undefined>;
  stop(): Promise<unknown>;
}

/** A sample that no model can read, and why. */
export interface Excluded {
  readonly sampleId: string;
  readonly reason: string;
}

/** What models that had not seen them say about the labels of samples. */
export interface LabelsOutOfFold {
  readonly accuracy: number | null;
  readonly temperature: number;
  readonly calibrationError: { readonly before: number | null; readonly after: number | null };
  readonly loss: number;
  /** How many labels looked too wrong to learn from. */
  readonly pruned: number;
  readonly suspects: readonly Suspect[];
  readonly alarms: readonly string[];
  readonly flagged: number;
  /** Told by models that were learnt for it, now or in an earlier run; of the others, which came later, the parent was asked. */
  readonly samples?: number;
}

/** What models that had not seen the samples say about their values. */
export interface ErrorsOutOfFold {
  readonly error: ErrorSummary;
  /** Answers are so far from the truth, or less, in `level` of all cases. */
  readonly halfWidth: number;
  readonly level: number;
  readonly suspects: readonly Suspect[];
}

/** A base that was trained on together with its head, judged by samples that were kept back from both. */
export interface Thawing {
  /** The layer from which on it learnt. */
  readonly from: string;
  /** Of the epoch that was best; 0 where none was better than the frozen base. */
  readonly epochs: number;
  readonly keptBack: number;
  readonly frozen: { readonly loss: number; readonly accuracy: number } | null;
  readonly thawed: { readonly loss: number; readonly accuracy: number } | null;
  /** Why it was not tried. */
  readonly refused?: string;
}

/** What candidates lost on samples that they had not learnt from, and which of them it was. */
export interface Choice {
  readonly chosen: string;
  readonly candidates: readonly { readonly name: string; readonly loss: number }[];
}

export interface TrainingMetrics {
  /** Hash of the project's own base, where the model stands on one. */
  readonly base?: string;
  readonly trainSamples: number;
  readonly seconds: number;
  readonly finalLoss: number;
  readonly epochs: number;
  /** What models that had not seen them say about the samples; absent for few samples. */
  readonly outOfFold?: LabelsOutOfFold | ErrorsOutOfFold;
  /** From which confidence on answers are given, and what that costs; absent where no label is for "out of scope". */
  readonly outOfScope?: ScopeThreshold;
  /** Absent where there was only one candidate. */
  readonly choice?: Choice;
  /** Absent where the base is frozen. */
  readonly thawing?: Thawing;
  /** Absent in versions of before it was looked for. */
  readonly leaks?: LeakCertificate;
  /** Samples that could not be read, when there were any. */
  readonly excluded?: { readonly samples: number; readonly first: readonly Excluded[] };
}

export interface TrainedModel {
  readonly kind: ModelKind;
  readonly labels: readonly string[];
  readonly files: ModelFiles;
  readonly backend: string;
  readonly metrics: TrainingMetrics;
  /** Kept beside the model; null where samples were too few to be judged, absent for other people's trainers. */
  readonly map?: SampleMap | null;
  /** The same, for the next run. */
  readonly kept?: KeptAnswers | null;
}
