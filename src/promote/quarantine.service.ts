import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { LoopError } from '../core/errors.js';
import { isUuid } from '../core/ids.js';
import { type Page, pageOf } from '../core/page.js';
import { ObjectStore } from '../platform/object-store/object-store.js';
import { RowCopies } from '../platform/object-store/row-copies.js';
import { type KeptQuarantine, type QuarantineKey, type QuarantineRow, QuarantineStore } from './quarantine.store.js';

/** Batches of labels whose model would have done harm. */
@Injectable()
export class QuarantineService implements OnApplicationBootstrap {
  private readonly copies: RowCopies<KeptQuarantine, QuarantineKey>;

  constructor(
    private readonly store: QuarantineStore,
    objects: ObjectStore,
  ) {
    this.copies = new RowCopies(objects, 'quarantines/', ({ projectId, id }) => `${projectId}/${id}`);
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.copies.keepMissing(await this.store.all(), (key) => this.store.read(key));
  }

  /** Copies the quarantine of what this version learnt last, where there is one: without it, `rebuild` would forget it. */
  async keep(projectId: string, version: number): Promise<void> {
    const key = await this.store.ofVersion(projectId, version);
    if (key) await this.copies.keep(await this.store.read(key));
  }

  /**
   * Makes those again whose copies are in the object store and which the database does not know; tells how many.
   * @param restoreRest is called before each for the labels, which are another stage's
   */
  restoreAll(restoreRest: (quarantine: KeptQuarantine) => Promise<void>): Promise<number> {
    return this.copies.restoreAll(async (quarantine) => {
      await restoreRest(quarantine);
      return this.store.restore(quarantine);
    });
  }

  async list(projectId: string, page: { limit: number; cursor?: string | undefined }): Promise<Page<QuarantineRow>> {
    const rows = await this.store.list(projectId, { ...page, limit: page.limit + 1 });
    return pageOf(
      rows,
      page.limit,
      ({ id }) => id,
      (row) => row,
    );
  }

  /** The labels are in the next snapshot again. Needs a reason and is signed by the key's name. */
  async release(projectId: string, id: string, by: { reason: string; actor: string }): Promise<QuarantineRow> {
    if (!isUuid(id) || !(await this.store.find(projectId, id)))
      throw new LoopError('not-found', `There is no quarantine ${id} in this project.`);
    await this.store.release(projectId, id, by);
    await this.copies.keep(await this.store.read({ projectId, id }));
    return (await this.store.find(projectId, id))!;
  }
}
