import { Logger } from '@nestjs/common';
import type { ObjectStore } from './object-store.js';

/**
 * Copies of rows that no pack holds, one JSON object each: what `rebuild` makes them again from. A copy that fails does
 * not fail what it is a copy of.
 */
export class RowCopies<Row extends Key, Key = Row> {
  private readonly log = new Logger(RowCopies.name);

  /**
   * @param prefix of all keys, its slash included
   * @param nameOf what the copy of a row is called under it
   */
  constructor(
    private readonly objects: ObjectStore,
    private readonly prefix: string,
    private readonly nameOf: (key: Key) => string,
  ) {}

  async keep(row: Row): Promise<void> {
    const key = this.keyOf(row);
    await this.objects
      .put(key, JSON.stringify(row), 'application/json')
      .catch((error: Error) => this.log.warn(`${key} was not written: ${error.message}`));
  }

  /** Writes the copies that are missing, as after a crash between a row and its copy. */
  async keepMissing(rows: readonly Key[], read: (key: Key) => Promise<Row>): Promise<void> {
    try {
      const kept = new Set(await this.objects.list(this.prefix));
      for (const row of rows) if (!kept.has(this.keyOf(row))) await this.keep(await read(row));
    } catch (error) {
      this.log.warn(`what is missing of ${this.prefix} was not written: ${(error as Error).message}`);
    }
  }

  /** Hands on every row there is a copy of, in no order that means anything; tells of how many `restore` was true. */
  async restoreAll(restore: (row: Row) => Promise<boolean>): Promise<number> {
    let restored = 0;
    for (const key of await this.objects.list(this.prefix)) {
      const row = JSON.parse((await this.objects.get(key)).toString()) as Row;
      if (await restore(row)) restored += 1;
    }
    return restored;
  }

  private keyOf(key: Key): string {
    return `${this.prefix}${this.nameOf(key)}.json`;
  }
}
