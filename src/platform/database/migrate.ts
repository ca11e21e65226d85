import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';

/** Any number that no other program locks on this database. */
const ADVISORY_LOCK = 7_303_014;

/**
 * Applies `prisma/migrations` in order and books them in `_prisma_migrations` as Prisma's own engine does (which
 * cannot be downloaded everywhere). Two processes at once are safe: the second waits and finds nothing to do.
 * @returns names of the migrations applied now
 */
export async function migrate(connectionString: string, folder: string): Promise<string[]> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [ADVISORY_LOCK]);
    await client.query(MIGRATIONS_TABLE);
    const applied = await client.query<{ migration_name: string; checksum: string }>(
      'select migration_name, checksum from _prisma_migrations where finished_at is not null',
    );
    const known = new Map(applied.rows.map((row) => [row.migration_name, row.checksum]));
    const names = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory());
    const done: string[] = [];
    for (const { name } of names.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (await apply(client, known, { name, sql: await readFile(join(folder, name, 'migration.sql'), 'utf8') })) {
        done.push(name);
      }
    }
    return done;
  } finally {
    await client.end();
  }
}

/** Each migration is one transaction together with its entry in the book. */
async function apply(
  client: pg.Client,
  known: ReadonlyMap<string, string>,
  { name, sql }: { name: string; sql: string },
): Promise<boolean> {
  const checksum = createHash('sha256').update(sql).digest('hex');
  const before = known.get(name);
  if (before && before !== checksum) throw new Error(`Migration ${name} was changed after it had been applied.`);
  if (before) return false;
  await client.query('begin');
  await client.query(sql);
  await client.query(
    `insert into _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count)
     values ($1, $2, $3, now(), 1)`,
    [randomUUID(), checksum, name],
  );
  await client.query('commit');
  return true;
}

const MIGRATIONS_TABLE = `
create table if not exists _prisma_migrations (
  id varchar(36) primary key, checksum varchar(64) not null, finished_at timestamptz,
  migration_name varchar(255) not null, logs text, rolled_back_at timestamptz,
  started_at timestamptz not null default now(), applied_steps_count integer not null default 0)`;
