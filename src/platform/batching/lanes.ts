import { LoopError } from '../../core/errors.js';
import { LIMITS } from '../../core/limits.js';
import { type BatchLimits, NaturalBatcher } from './natural-batcher.js';

/** Enough to make one commit of a busy second, few enough for a short statement. */
const BATCH = { batchItems: 1_000, waitingItems: LIMITS.waitingItems };

interface Lane<Item, Result> {
  readonly batcher: NaturalBatcher<Item, Result>;
  /** Items taken in and not answered yet. */
  inHand: number;
}

/**
 * One batching lane a project: a project that floods its lane waits for itself, not for the others. Together they hold
 * so many items and no more; when they do, those are refused that hold more than an equal share.
 */
export class Lanes<Item, Result> {
  private readonly lanes = new Map<string, Lane<Item, Result>>();
  private inHand = 0;

  constructor(
    private readonly commit: (projectId: string, items: readonly Item[]) => Promise<Result[]>,
    private readonly most: number = LIMITS.waitingItemsOfAll,
    private readonly limits: BatchLimits = BATCH,
  ) {}

  async submit(projectId: string, items: readonly Item[]): Promise<Result[]> {
    const lane = this.laneOf(projectId);
    if (this.isTooMuch(lane, items.length))
      throw new LoopError('overloaded', 'Too many items of all projects wait to be committed; try again shortly.');
    this.count(lane, items.length);
    try {
      return await lane.batcher.submit(items);
    } finally {
      this.count(lane, -items.length);
    }
  }

  async drain(): Promise<void> {
    await Promise.all([...this.lanes.values()].map(({ batcher }) => batcher.drain()));
  }

  private laneOf(projectId: string): Lane<Item, Result> {
    const known = this.lanes.get(projectId);
    if (known) return known;
    const batcher = new NaturalBatcher<Item, Result>((batch) => this.commit(projectId, batch), this.limits);
    const lane = { batcher, inHand: 0 };
    this.lanes.set(projectId, lane);
    return lane;
  }

  private isTooMuch(lane: Lane<Item, Result>, more: number): boolean {
    if (this.inHand + more <= this.most) return false;
    const busy = [...this.lanes.values()].filter((other) => other === lane || other.inHand > 0).length;
    return lane.inHand + more > this.most / busy;
  }

  private count(lane: Lane<Item, Result>, items: number): void {
    lane.inHand += items;
    this.inHand += items;
  }
}
