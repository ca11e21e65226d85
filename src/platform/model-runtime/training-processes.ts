import { type ChildProcess, fork } from 'node:child_process';
import { compiled } from './compiled.js';
import { TrainingCancelled, TrainingFailed, TrainingRefused } from './errors.js';
import type { FromChild, InspectionReport, ToChild, TrainingReport } from './training-messages.js';

export interface TrainingHooks {
  onProgress(fraction: number, note: string): void;
  readonly signal: AbortSignal;
}

/** Time a cancelled child has to end by itself. */
const GRACE_MS = 1_000;
const HEAP_LIMIT_MB = 3_072;
/** A run that has not come by then does not come. */
const EXPECTED_MS = 30_000;
/** Of what a child wrote to its standard error the end is kept: there lies the reason of a crash. */
const KEPT_OF_STDERR = 2_000;

/** A process of its own for each run. */
export class TrainingProcesses {
  private expected: ChildProcess | undefined;

  /** Starts the process of the next run, unless one waits already. A process without a run does not wait for long. */
  expectOne(): void {
    if (this.expected) return;
    const child = started();
    this.expected = child;
    const forget = (): void => {
      if (this.expected === child) this.endExpected();
    };
    const unwanted = setTimeout(forget, EXPECTED_MS).unref();
    child.once('error', forget);
    child.once('exit', () => {
      clearTimeout(unwanted);
      forget();
    });
  }

  endExpected(): void {
    this.expected?.kill('SIGKILL');
    this.expected = undefined;
  }

  async run(order: Exclude<ToChild, { type: 'cancel' }>, hooks: TrainingHooks) {
    if (hooks.signal.aborted) throw new TrainingCancelled();
    const child = this.expected ?? started();
    this.expected = undefined;
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
}

const started = (): ChildProcess =>
  fork(compiled('training-child.js'), [], {
    execArgv: [`--max-old-space-size=${HEAP_LIMIT_MB}`],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });

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
