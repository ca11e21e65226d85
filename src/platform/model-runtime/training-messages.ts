import type { BackendName } from './backend.js';
import type { Provenance } from './model-files.js';
import type { ObjectStoreConfig } from '../object-store/object-store.js';
import type { WeightSettings } from '../../core/sample-weight.js';
import type { ModelKind, TrainingMetrics } from './types.js';

/** One training run: where the samples and the parent are, and where the model goes. */
export interface TrainingJob {
  readonly store: ObjectStoreConfig;
  readonly manifestKey: string;
  readonly parentPrefix?: string;
  readonly outputPrefix: string;
  readonly seed: number;
  readonly backend: BackendName | 'auto';
  readonly settings: WeightSettings;
  readonly provenance: Provenance;
}

export interface TrainingReport {
  readonly kind: ModelKind;
  readonly labels: readonly string[];
  readonly prefix: string;
  readonly manifestSha256: string;
  /** Size of all files, the manifest included. */
  readonly bytes: number;
  readonly backend: string;
  readonly metrics: TrainingMetrics;
}

export type ToChild = { readonly type: 'start'; readonly job: TrainingJob } | { readonly type: 'cancel' };

export type FromChild =
  | { readonly type: 'progress'; readonly fraction: number; readonly note: string }
  | { readonly type: 'done'; readonly report: TrainingReport }
  | { readonly type: 'refused' | 'failed'; readonly reason: string };
