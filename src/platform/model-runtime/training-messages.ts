import type { BackendName } from './backend.js';
import type { BaseSpec } from '../../core/base-model.js';
import type { BaseInputs } from './dense-model.js';
import type { KubernetesRun } from './kubernetes-trainer.js';
import type { Provenance } from './model-files.js';
import type { ObjectStoreConfig } from '../object-store/object-store.js';
import type { ModelKind, TrainingMetrics, TrainingSettings } from './types.js';

/** One training run: where the samples and the parent are, and where the model goes. */
export interface TrainingJob {
  readonly store: ObjectStoreConfig;
  readonly manifestKey: string;
  readonly parentPrefix?: string;
  /** The project's own base, and where its activations are kept. */
  readonly base?: BaseInputs & { readonly cachePrefix: string };
  /** Who trains in place of ours: docs/trainers.md. */
  readonly elsewhere?: Elsewhere;
  readonly outputPrefix: string;
  readonly seed: number;
  readonly backend: BackendName | 'auto';
  readonly settings: TrainingSettings;
  readonly provenance: Provenance;
}

export type Elsewhere =
  | { readonly kind: 'command'; readonly command: string }
  | ({ readonly kind: 'kubernetes' } & Omit<KubernetesRun, 'prefix'>);

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

/** A look at a model that somebody brought: whether it opens, and what it makes of an input. */
export interface InspectionJob {
  readonly store: ObjectStoreConfig;
  readonly prefix: string;
  readonly spec: BaseSpec;
  readonly backend: BackendName | 'auto';
}

export interface InspectionReport {
  /** How many numbers the activations of one input are. */
  readonly features: number;
}

export type ToChild =
  | { readonly type: 'train'; readonly job: TrainingJob }
  | { readonly type: 'inspect'; readonly job: InspectionJob }
  | { readonly type: 'cancel' };

export type FromChild =
  | { readonly type: 'progress'; readonly fraction: number; readonly note: string }
  | { readonly type: 'done'; readonly report: TrainingReport | InspectionReport }
  | { readonly type: 'refused' | 'failed'; readonly reason: string };
