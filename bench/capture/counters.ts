import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

/** The packer is called at most once a second. */
const QUIET_MS = 2_000;

/** Where the embedded Postgres of a data directory listens. */
export function embeddedDatabaseUrl(folder: string): string {
  const port = readFileSync(join(folder, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[3]!;
  const password = readFileSync(join(folder, 'postgres.password'), 'utf8').trim();
  return `postgresql://flywheel:${password}@127.0.0.1:${port}/flywheel`;
}

/** Counts what the database was asked, by its own statistics. */
export class DatabaseCounters {
  private constructor(private readonly client: pg.Client) {}

  static async open(databaseUrl: string): Promise<DatabaseCounters> {
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    await client.query('create extension if not exists pg_stat_statements');
    return new DatabaseCounters(client);
  }

  /** Statements so far, without begin and commit. */
  async statements(): Promise<number> {
    const { rows } = await this.client.query<{ calls: string }>(
      `select coalesce(sum(calls), 0) as calls from pg_stat_statements where query !~* '^(begin|commit|rollback)'`,
    );
    return Number(rows[0]!.calls);
  }

  /** Resolves when no pack has been stored for a while, with how many there are: each is one PUT. */
  async packed(): Promise<number> {
    for (let before = -1; ;) {
      const now = await this.packs();
      if (now === before) return now;
      before = now;
      await sleep(QUIET_MS);
    }
  }

  private async packs(): Promise<number> {
    const { rows } = await this.client.query<{ count: string }>(
      'select count(*) from pack where stored_at is not null',
    );
    return Number(rows[0]!.count);
  }

  close(): Promise<void> {
    return this.client.end();
  }
}

/** Must be set before the server that is to be counted starts. */
export async function loadStatementCounters(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(`alter system set shared_preload_libraries = 'pg_stat_statements'`);
  await client.end();
}
