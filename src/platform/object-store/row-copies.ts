import { Logger } from '@nestjs/common';
import type { ObjectStore } from './object-store.js';

/**
 * Copies of rows that no pack holds, one JSON object each: what `rebuild` makes them again from. A copy that fails does
 * not fail what it is a copy of.
 */
export class RowCopies<Row> {
  private readonly log = new Logger(RowCopies.name);

  /** @param prefix of all keys, its slash included */
  constructor(
    private readonly objects: ObjectStore,
    private readonly prefix: string,
  ) {}

  async keep(name: string, row: Row): Promise<void> {
    const key = this.keyOf(name);
    await this.objects
      .put(key, JSON.stringify(row), 'application/json')
      .catch((error: Error) => this.log.warn(`${key} was not written: ${error.message}`));
  }

  /** Writes the copies that are missing, as after a crash between a row and its copy. */
  async keepMissing(names: readonly string[], read: (name: string) => Promise<Row>): Promise<void> {
    try {
      const kept = new Set(await this.objects.list(this.prefix));
      for (const name of names) if (!kept.has(this.keyOf(name))) await this.keep(name, await read(name));
    } catch (error) {
      this.log.warn(`what is missing of ${this.prefix} was not written: ${(error as Error).message}`);
    }
  }

  async *all(): AsyncGenerator<Row> {
    for (const key of await this.objects.list(this.prefix)) {
      yield JSON.parse((await this.objects.get(key)).toString()) as Row;
    }
  }

  private keyOf(name: string): string {
    return `${this.prefix}${name}.json`;
  }
}
