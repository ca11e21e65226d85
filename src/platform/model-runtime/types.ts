import type { Input } from '../../core/input.js';
import type { BackendName } from './backend.js';
import type { Excluded } from './sift-samples.js';

export type ModelKind = 'text' | 'vector' | 'image';

/** What a model says about one input. `scores` holds a probability for every label and sums to 1. */
export interface Answer {
  readonly label: string;
  readonly confidence: number;
  readonly scores: Readonly<Record<string, number>>;
}

export interface ServedModel {
  readonly kind: ModelKind;
  readonly labels: readonly string[];
  predict(inputs: readonly Input[]): Promise<Answer[]>;
  dispose(): void;
}

/** The files of one model version by name, `manifest.json` among them. */
export type ModelFiles = ReadonlyMap<string, Buffer>;

export interface TrainingOptions {
  readonly seed: number;
  readonly backend: BackendName | 'auto';
  readonly parent?: ModelFiles;
  readonly onProgress: (fraction: number, note: string) => void;
  readonly signal: AbortSignal;
}

export interface TrainingMetrics {
  readonly trainSamples: number;
  readonly seconds: number;
  readonly finalLoss: number;
  readonly epochs: number;
  /** Samples that could not be read, when there were any. */
  readonly excluded?: { readonly samples: number; readonly first: readonly Excluded[] };
}

export interface TrainedModel {
  readonly kind: ModelKind;
  readonly labels: readonly string[];
  readonly files: ModelFiles;
  readonly backend: string;
  readonly metrics: TrainingMetrics;
}
