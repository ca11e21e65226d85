import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { TrainingCancelled } from './errors.js';
import type { Ahead, AheadOrder, Learnt, ModelFiles } from './types.js';

/** With fewer samples a thread takes longer to start than it saves. */
const FEWEST = 2_000;

/**
 * While labels are judged, a second thread learns from all of them already: mostly none is left out, and the same samples
 * and options give the same bytes on any thread. Undefined where that is not worth it, or there is one processor alone.
 */
export function fitAhead(order: AheadOrder): Ahead | undefined {
  if (order.samples.length < FEWEST || availableParallelism() < 2) return undefined;
  const worker = new Worker(new URL('./fit-ahead-worker.js', import.meta.url), { workerData: order });
  const answer = new Promise<Learnt | undefined>((resolve) => {
    worker.on('message', (said: FromWorker) => 'files' in said && resolve(said));
    // The run learns by itself then, and meets whatever it was.
    worker.once('error', () => resolve(undefined));
    worker.once('exit', () => resolve(undefined));
  });
  return {
    learnt: async (temperature, { onProgress, signal }) => {
      worker.on('message', (said: FromWorker) => 'note' in said && onProgress(said.fraction, said.note));
      worker.postMessage(temperature);
      signal.addEventListener('abort', () => void worker.terminate(), { once: true });
      const learnt = await answer;
      if (signal.aborted) throw new TrainingCancelled();
      return learnt && { ...learnt, files: withBuffers(learnt.files) };
    },
    stop: () => worker.terminate(),
  };
}

/** How far the thread is, then what it learnt. */
export type FromWorker = Learnt | { readonly fraction: number; readonly note: string };

/** Between threads buffers travel as plain bytes. */
export const withBuffers = (files: ReadonlyMap<string, Uint8Array>): ModelFiles =>
  new Map([...files].map(([name, { buffer, byteOffset, length }]) => [name, Buffer.from(buffer, byteOffset, length)]));
