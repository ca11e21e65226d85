import { Injectable } from '@nestjs/common';
import { Database } from '../platform/database/database.js';

/** Settings without which a commit does not survive a power cut, and so is no acknowledgement. */
const NEEDED = ['fsync', 'full_page_writes', 'synchronous_commit'];

@Injectable()
export class HealthStore {
  constructor(private readonly db: Database) {}

  /** Names of the settings that must be on and are off. */
  async unsafeSettings(): Promise<string[]> {
    const rows = await this.db.query<{ name: string }>(
      `select name from pg_settings where name = any($1) and setting = 'off' order by name`,
      [NEEDED],
    );
    return rows.map(({ name }) => name);
  }
}
