import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ObjectStore } from '../object-store/object-store.js';
import { TrainingCancelled, TrainingFailed, TrainingRefused } from './errors.js';
import { loadModel, readModelFiles } from './load-model.js';
import type {
  FromChild,
  InspectionJob,
  InspectionReport,
  ToChild,
  TrainingJob,
  TrainingReport,
} from './training-messages.js';
import type { ServedModel } from './types.js';

export { InputMismatch, TrainingCancelled, TrainingFailed, TrainingRefused } from './errors.js';
export { controlPrefix } from './model-files.js';
export type { BaseInputs } from './dense-model.js';
export { elsewhereOf } from './elsewhere.js';
export type { TrainingJob, TrainingReport } from './training-messages.js';
export type { Answer, ServedModel, TrainingSettings } from './types.js';

export interface TrainingHooks {
  onProgress(fraction: number, note: string): void;
  readonly signal: AbortSignal;
}

/** Time a cancelled child has to end by itself. */
const GRACE_MS = 1_000;
const HEAP_LIMIT_MB = 3_072;
/** Time a brought model has to open and to answer once. */
const INSPECTION_MS = 30_000;
/** Of what a child wrote to its standard error the end is kept: there lies the reason of a crash. */
const KEPT_OF_STDERR = 2_000;

/** The door to training and to trained models. Training happens in a process of its own, one a run. */
export class ModelRuntime {
  /** Rejects with `TrainingRefused` (never try these samples again), `TrainingCancelled` or `TrainingFailed`. */
  train(job: TrainingJob, hooks: TrainingHooks): Promise<TrainingReport> {
    return inChild({ type: 'train', job }, hooks) as Promise<TrainingReport>;
  }

  /** Opens a model that somebody brought, away from here: it may be made to use up memory or to crash. */
  inspect(job: InspectionJob): Promise<InspectionReport> {
    const hooks = { onProgress: () => undefined, signal: AbortSignal.timeout(INSPECTION_MS) };
    return inChild({ type: 'inspect', job }, hooks) as Promise<InspectionReport>;
  }

  async load(store: ObjectStore, prefix: string): Promise<ServedModel> {
    return loadModel(await readModelFiles(store, prefix), store);
  }
}

async function inChild(order: Exclude<ToChild, { type: 'cancel' }>, hooks: TrainingHooks) {
  if (hooks.signal.aborted) throw new TrainingCancelled();
  const child = fork(childEntry(), [], {
    execArgv: [`--max-old-space-size=${HEAP_LIMIT_MB}`],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const cancel = (): void => end(child);
  hooks.signal.addEventListener('abort', cancel, { once: true });
  try {
    const outcome = outcomeOf(child, hooks);
    tell(child, order);
    return await outcome;
  } finally {
    hooks.signal.removeEventListener('abort', cancel);
    child.kill('SIGKILL');
  }
}

/** The compiled child beside this file; when this file is TypeScript source (tests), the one that `npm run build` made. */
function childEntry(): string {
  const fromSource = import.meta.url.endsWith('.ts');
  const entry = fromSource ? '../../../dist/platform/model-runtime/training-child.js' : './training-child.js';
  return fileURLToPath(new URL(entry, import.meta.url));
}

/** Settles once the child has ended, so that no process outlives its run. */
function outcomeOf(child: ChildProcess, hooks: TrainingHooks): Promise<TrainingReport | InspectionReport> {
  let last: Exclude<FromChild, { type: 'progress' }> | undefined;
  let complaint = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-KEPT_OF_STDERR);
  });
  child.on('message', (message: FromChild) => {
    if (message.type === 'progress') hooks.onProgress(message.fraction, message.note);
    else last = message;
  });
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new TrainingFailed(`the training process did not start: ${error.message}`)));
    child.once('close', (code, signal) => {
      if (last?.type === 'done') return resolve(last.report);
      if (hooks.signal.aborted) return reject(new TrainingCancelled());
      if (last)
        return reject(last.type === 'refused' ? new TrainingRefused(last.reason) : new TrainingFailed(last.reason));
      const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
      reject(new TrainingFailed(`the training process ended by ${how}. ${complaint}`.trim()));
    });
  });
}

/** Asks the child to stop, then makes it. */
function end(child: ChildProcess): void {
  tell(child, { type: 'cancel' });
  const force = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
  child.once('close', () => clearTimeout(force));
}

/** The callback swallows "channel closed": the end of the child is reported by its close event. */
const tell = (child: ChildProcess, message: ToChild): void => {
  child.send(message, () => undefined);
};
