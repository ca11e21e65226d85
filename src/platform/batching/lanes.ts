import { LIMITS } from '../../core/limits.js';
import { NaturalBatcher } from './natural-batcher.js';

/** Enough to make one commit of a busy second, few enough for a short statement. */
const BATCH = { batchItems: 1_000, waitingItems: LIMITS.waitingItems };

/** One batching lane a project: a project that floods its lane waits for itself, not for the others. */
export class Lanes<Item, Result> {
  private readonly lanes = new Map<string, NaturalBatcher<Item, Result>>();

  constructor(private readonly commit: (projectId: string, items: readonly Item[]) => Promise<Result[]>) {}

  submit(projectId: string, items: readonly Item[]): Promise<Result[]> {
    let lane = this.lanes.get(projectId);
    if (!lane) {
      lane = new NaturalBatcher((batch) => this.commit(projectId, batch), BATCH);
      this.lanes.set(projectId, lane);
    }
    return lane.submit(items);
  }

  async drain(): Promise<void> {
    await Promise.all([...this.lanes.values()].map((lane) => lane.drain()));
  }
}
