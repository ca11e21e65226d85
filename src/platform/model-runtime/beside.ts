import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { SnapshotSample } from '../../core/manifest.js';
import { TrainingCancelled } from './errors.js';
import { type Judgement, judgementOn, type Question } from './judgement.js';
import { type LeakCertificate, leakCertificate } from './leaks.js';
import { withBuffers } from './model-files.js';
import type { Ahead, AheadOrder, Learnt } from './types.js';

/* What a run has done on a second thread, where there is another processor for it. The results are the same bytes. */

/** With fewer samples a thread takes longer to start than it saves. */
const FEWEST = 2_000;

const isWorthIt = ({ length }: readonly unknown[]): boolean => length >= FEWEST && availableParallelism() > 1;
/** Samples are copied to the thread: pictures would take as much memory again. */
const isWorthCopying = (samples: readonly SnapshotSample[]): boolean =>
  isWorthIt(samples) && !('image' in samples[0]!.input);
const started = (file: string, workerData: unknown): Worker =>
  new Worker(new URL(file, import.meta.url), { workerData });

/** Begins {@link leakCertificate}, and gives it when it is asked for. */
export function leaksBeside(
  learnt: readonly SnapshotSample[],
  heldOut: readonly SnapshotSample[],
): () => Promise<LeakCertificate> {
  const here = () => leakCertificate(learnt, heldOut);
  if (!isWorthCopying(learnt) || heldOut.length === 0) return here;
  const found = lastWord<LeakCertificate>(started('./leaks-worker.js', { learnt, heldOut }));
  return async () => (await found) ?? here();
}

/**
 * While labels are judged, learns from all samples already: mostly none is left out, and the same samples and options give
 * the same bytes on any thread. Undefined where that is not worth it.
 */
export function fitAhead(order: AheadOrder): Ahead | undefined {
  if (!isWorthCopying(order.samples)) return undefined;
  const worker = started('./fit-ahead-worker.js', order);
  const answer = lastWord<FromFit, Learnt>(worker, (said) => 'files' in said);
  return {
    learnt: async (temperature, { onProgress, signal }) => {
      worker.on('message', (said: FromFit) => 'note' in said && onProgress(said.fraction, said.note));
      worker.postMessage(temperature);
      signal.addEventListener('abort', () => void worker.terminate(), { once: true });
      const learnt = await answer;
      if (signal.aborted) throw new TrainingCancelled();
      return learnt && { ...learnt, files: withBuffers(learnt.files) };
    },
    stop: () => worker.terminate(),
  };
}

/** As {@link judgementOn}, on a thread where that is worth it: what it looks at is copied there. */
export async function judgeBeside(question: Question): Promise<Judgement> {
  if (!isWorthIt(question.samples)) return judgementOn(question);
  const { labels, told, outOfScope } = question;
  const samples = question.samples.map(({ sampleId, label, revision, isTrusted, rater }) => {
    return { sampleId, label, revision, isTrusted, rater };
  });
  const judged = await lastWord<Judgement>(started('./judge-worker.js', { labels, samples, told, outOfScope }));
  return judged ?? judgementOn(question);
}

/** How far the thread is, then what it learnt. */
export type FromFit = Learnt | { readonly fraction: number; readonly note: string };

/** What a thread ends with; undefined where it fails: the run does it by itself then, and meets whatever it was. */
function lastWord<Said, Last extends Said = Said>(
  worker: Worker,
  isLast: (said: Said) => boolean = () => true,
): Promise<Last | undefined> {
  return new Promise((resolve) => {
    worker.on('message', (said: Said) => isLast(said) && resolve(said as Last));
    worker.once('error', () => resolve(undefined));
    worker.once('exit', () => resolve(undefined));
  });
}
