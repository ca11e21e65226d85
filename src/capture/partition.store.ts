import { Injectable } from '@nestjs/common';
import { Database, type Query } from '../platform/database/database.js';

/** Any number that no other part of Flywheel locks. */
const ADVISORY_LOCK = 7_303_015;

@Injectable()
export class PartitionStore {
  constructor(private readonly db: Database) {}

  /** Names of the partitions of the hot payloads. */
  async names(): Promise<string[]> {
    const rows = await this.db.query<{ name: string }>(
      `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'payload'::regclass`,
    );
    return rows.map(({ name }) => name);
  }

  /** The day of the database's clock, which is the one that stamps payloads. */
  async today(): Promise<Date> {
    const [row] = await this.db.query<{ now: Date }>('select now() as now');
    return row!.now;
  }

  /** Makes the partition of a day (UTC); harmless when it is there. Name and bounds come from a date, never from a client. */
  async create(name: string, { from, to }: { from: string; to: string }): Promise<void> {
    await this.alone((query) =>
      query(
        `create table if not exists ${name} partition of payload for values from ('${from} 00:00+00') to ('${to} 00:00+00')`,
      ),
    );
  }

  /** Drops the partition of a day, unless a body of it is not in a stored pack. Tells whether it is gone. */
  async dropIfPacked(name: string, { from, to }: { from: string; to: string }): Promise<boolean> {
    return this.alone(async (query) => {
      const open = await query(
        `select 1 from payload_batch b left join pack k on k.id = b.pack_id
         where b.received_at >= $1::timestamptz and b.received_at < $2::timestamptz and k.stored_at is null limit 1`,
        [`${from} 00:00+00`, `${to} 00:00+00`],
      );
      if (open.length > 0) return false;
      // Capture waits while this waits for its lock: rather another time than long.
      await query(`set local lock_timeout = '2s'`);
      await query(`drop table if exists ${name}`);
      return true;
    });
  }

  /** Several processes look after the partitions; one at a time. */
  private alone<Result>(work: (query: Query) => Promise<Result>): Promise<Result> {
    return this.db.transaction(async (query) => {
      await query('select pg_advisory_xact_lock($1)', [ADVISORY_LOCK]);
      return work(query);
    });
  }
}
