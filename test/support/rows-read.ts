import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../../src/platform/database/database.js';

/** Rows of these tables that statements have fetched so far, by whatever way. */
export async function rowsRead(database: Database, ...tables: string[]): Promise<number> {
  // A connection tells what it has read with its next statement, once a second at most: so each is given one.
  await sleep(1_200);
  await Promise.all(Array.from({ length: 40 }, () => database.query('select pg_sleep(0.1)')));
  const [row] = await database.query<{ rows: string }>(
    `select sum(seq_tup_read + idx_tup_fetch) as rows from pg_stat_user_tables where relname = any($1)`,
    [tables],
  );
  return Number(row!.rows);
}
