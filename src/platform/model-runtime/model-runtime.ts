import type { ObjectStore } from '../object-store/object-store.js';
import { loadModel, readModelFiles } from './load-model.js';
import { LoadedModels } from './loaded-models.js';
import type { InspectionJob, InspectionReport, TrainingJob, TrainingReport } from './training-messages.js';
import { type TrainingHooks, TrainingProcesses } from './training-processes.js';
import type { ServedModel } from './types.js';

export { activationPrefixes } from './activation-cache.js';
export { InputMismatch, TrainingCancelled, TrainingFailed, TrainingRefused } from './errors.js';
export type { BaseInputs } from './dense-model.js';
export { elsewhereOf } from './elsewhere.js';
export type { TrainingJob, TrainingReport } from './training-messages.js';
export type { Answer, ServedModel, TrainingSettings } from './types.js';

/** Time a brought model has to open and to answer once. */
const INSPECTION_MS = 30_000;

/** The door to training and to trained models. Training happens in a process of its own, one a run. */
export class ModelRuntime {
  private readonly processes = new TrainingProcesses();
  private readonly models = new LoadedModels();

  /** A run is about to be asked for: its process starts while its samples are gathered. */
  expectRun(): void {
    this.processes.expectOne();
  }

  /** Rejects with `TrainingRefused` (never try these samples again), `TrainingCancelled` or `TrainingFailed`. */
  train(job: TrainingJob, hooks: TrainingHooks): Promise<TrainingReport> {
    return this.processes.run({ type: 'train', job }, hooks) as Promise<TrainingReport>;
  }

  /** Opens a model that somebody brought, away from here: it may be made to use up memory or to crash. */
  inspect(job: InspectionJob): Promise<InspectionReport> {
    const hooks = { onProgress: () => undefined, signal: AbortSignal.timeout(INSPECTION_MS) };
    return this.processes.run({ type: 'inspect', job }, hooks) as Promise<InspectionReport>;
  }

  /** A model that is in use already is not read again. Whoever has it disposes of it in the end. */
  load(store: ObjectStore, prefix: string): Promise<ServedModel> {
    return this.models.hold(prefix, async () => loadModel(await readModelFiles(store, prefix), store));
  }

  onModuleDestroy(): void {
    this.processes.endExpected();
  }
}
