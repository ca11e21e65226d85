import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { ObjectStore } from '../platform/object-store/object-store.js';
import { RowCopies } from '../platform/object-store/row-copies.js';
import { type DecisionKey, DecisionRestoreStore, type KeptDecision } from './restore.store.js';

/** Copies of decisions with all that they rest on, for `rebuild`: who serves, why, and from which run and snapshot. */
@Injectable()
export class DecisionRestoreService implements OnApplicationBootstrap {
  private readonly copies: RowCopies<KeptDecision, DecisionKey>;

  constructor(
    private readonly store: DecisionRestoreStore,
    objects: ObjectStore,
  ) {
    this.copies = new RowCopies(objects, 'decisions/', ({ projectId, id }) => `${projectId}/${id}`);
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.copies.keepMissing(await this.store.decisions(), ({ id }) => this.store.read(id));
  }

  async keep(id: string): Promise<void> {
    await this.copies.keep(await this.store.read(id));
  }

  /**
   * Makes the decisions again whose copies are in the object store and which the database does not know; tells how many.
   * @param restoreRest is called before each for the rows that are other stages'
   */
  restoreAll(restoreRest: (decision: KeptDecision) => Promise<void>): Promise<number> {
    return this.copies.restoreAll(async (decision) => {
      await restoreRest(decision);
      return this.store.restore(decision.promotion);
    });
  }

  /** Who serves, and who may not be fallen behind, told from all decisions once these are restored. */
  restoreAliases(): Promise<void> {
    return this.store.restoreAliases();
  }
}
