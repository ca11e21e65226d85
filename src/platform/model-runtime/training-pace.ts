import { TrainingCancelled, TrainingFailed } from './errors.js';

/** Longest stretch of work between two looks at the outside world. */
const LONGEST_STRETCH_MS = 40;
const MOST_MEMORY_BYTES = 4 * 2 ** 30;

/**
 * Gives the event loop a turn when due, so that a cancellation message can arrive, and ends the run when it is
 * cancelled or uses too much memory (the heap limit does not bound typed arrays).
 */
export class TrainingPace {
  private lastTurn = performance.now();

  constructor(private readonly signal: AbortSignal) {}

  async breathe(): Promise<void> {
    if (performance.now() - this.lastTurn < LONGEST_STRETCH_MS) return;
    await new Promise((resume) => setImmediate(resume));
    this.lastTurn = performance.now();
    if (this.signal.aborted) throw new TrainingCancelled();
    const { rss } = process.memoryUsage();
    if (rss > MOST_MEMORY_BYTES)
      throw new TrainingFailed(`the run used ${rss} bytes of memory, ${MOST_MEMORY_BYTES} are allowed`);
  }
}

/** A loss that is no number will not become one again. */
export function requireFinite(loss: number, epoch: number): void {
  if (!Number.isFinite(loss)) throw new TrainingFailed(`the loss became ${loss} in epoch ${epoch}`);
}

/** Cosine from 1 to 0 over the run. */
export const cosine = (done: number): number => 0.5 * (1 + Math.cos(Math.PI * done));
