import { Injectable } from '@nestjs/common';
import { LoopError } from '../core/errors.js';
import { isUuid } from '../core/ids.js';
import { type Page, pageOf } from '../core/page.js';
import { type QuarantineRow, QuarantineStore } from './quarantine.store.js';

/** Batches of labels whose model would have done harm. */
@Injectable()
export class QuarantineService {
  constructor(private readonly store: QuarantineStore) {}

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
    return (await this.store.find(projectId, id))!;
  }
}
