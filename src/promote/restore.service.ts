import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { ObjectStore } from '../platform/object-store/object-store.js';
import { RowCopies } from '../platform/object-store/row-copies.js';
import { DecisionRestoreStore, type KeptDecision } from './restore.store.js';

/** Copies of decisions with all that they rest on, for `rebuild`: who serves, why, and from which run and snapshot. */
@Injectable()
export class DecisionRestoreService implements OnApplicationBootstrap {
  private readonly copies: RowCopies<KeptDecision>;

  constructor(
    private readonly store: DecisionRestoreStore,
    objects: ObjectStore,
  ) {
    this.copies = new RowCopies(objects, 'decisions/');
  }

  async onApplicationBootstrap(): Promise<void> {
    const ids = new Map((await this.store.decisions()).map(({ projectId, id }) => [nameOf(projectId, id), id]));
    await this.copies.keepMissing([...ids.keys()], (name) => this.store.read(ids.get(name)!));
  }

  async keep(projectId: string, id: string): Promise<void> {
    await this.copies.keep(nameOf(projectId, id), await this.store.read(id));
  }

  /** All copies, in no order that means anything. */
  all(): AsyncGenerator<KeptDecision> {
    return this.copies.all();
  }

  /** Makes the decision again; the rows of other stages are theirs. False when it is there. */
  restore({ promotion }: KeptDecision): Promise<boolean> {
    return this.store.restore(promotion);
  }

  /** Who serves, and who may not be fallen behind, told from all decisions once these are restored. */
  restoreAliases(): Promise<void> {
    return this.store.restoreAliases();
  }
}

const nameOf = (projectId: string, id: string): string => `${projectId}/${id}`;
