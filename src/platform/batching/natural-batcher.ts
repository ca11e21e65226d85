import { LoopError } from '../../core/errors.js';

interface Waiting<Item, Result> {
  readonly items: readonly Item[];
  readonly resolve: (results: Result[]) => void;
  readonly reject: (error: unknown) => void;
}

export interface BatchLimits {
  /** Items in one commit, at the most (a single larger request is not split). */
  readonly batchItems: number;
  /** Items that may wait; beyond, callers are told to come again. */
  readonly waitingItems: number;
}

/**
 * Natural batching: while one commit is under way the next batch fills, and is committed as soon as the first returns.
 * An idle lane adds no delay; a busy one makes fewer, larger commits.
 */
export class NaturalBatcher<Item, Result> {
  private waiting: Waiting<Item, Result>[] = [];
  private waitingItems = 0;
  private flushing: Promise<void> | undefined;

  constructor(
    private readonly commit: (items: readonly Item[]) => Promise<Result[]>,
    private readonly limits: BatchLimits,
  ) {}

  /** Resolves with one result an item, in order, when the batch they share is committed. */
  submit(items: readonly Item[]): Promise<Result[]> {
    if (this.waitingItems + items.length > this.limits.waitingItems) {
      return Promise.reject(new LoopError('overloaded', 'Too many items wait to be committed; try again shortly.'));
    }
    this.waitingItems += items.length;
    return new Promise((resolve, reject) => {
      this.waiting.push({ items, resolve, reject });
      this.flushing ??= this.flush();
    });
  }

  /** Resolves when nothing waits any more. */
  async drain(): Promise<void> {
    await this.flushing;
  }

  private async flush(): Promise<void> {
    // Let the requests that were read in the same turn of the event loop join the first batch.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.waiting.length > 0) await this.flushOnce(this.take());
    this.flushing = undefined;
  }

  private async flushOnce(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await this.commit(batch.flatMap(({ items }) => items));
      let start = 0;
      for (const { items, resolve } of batch) {
        resolve(results.slice(start, start + items.length));
        start += items.length;
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  private take(): Waiting<Item, Result>[] {
    let items = 0;
    let requests = 0;
    for (const { items: more } of this.waiting) {
      if (requests > 0 && items + more.length > this.limits.batchItems) break;
      items += more.length;
      requests += 1;
    }
    this.waitingItems -= items;
    return this.waiting.splice(0, requests);
  }
}
