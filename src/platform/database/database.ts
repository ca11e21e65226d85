import { Injectable } from '@nestjs/common';
import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { PrismaClient } from './generated/client.js';

/** A statement without an answer for so long fails, and its connection is given up: the network may have swallowed it. */
const PATIENCE_MS = { connect: 5_000, prepared: 10_000, other: 20_000, long: 600_000 };

/** A statement that each connection parses and plans once, for the hot paths. A name belongs to one text for ever. */
export interface Prepared {
  readonly name: string;
  readonly text: string;
}

/** Runs one statement; rows come back as the database names their columns. */
export type Query = <Row extends object>(statement: string | Prepared, values?: readonly unknown[]) => Promise<Row[]>;

/**
 * The one door to Postgres: Prisma for everyday reads and writes, `query` for statements that carry a whole batch
 * (createMany costs about ten times the CPU of one insert with unnest). Both share one pool.
 */
@Injectable()
export class Database {
  readonly pool: pg.Pool;
  readonly prisma: PrismaClient;

  constructor(connectionString: string) {
    this.pool = new pg.Pool({
      connectionString,
      max: 12,
      connectionTimeoutMillis: PATIENCE_MS.connect,
      query_timeout: PATIENCE_MS.other,
      keepAlive: true,
    });
    // A backend that went away is replaced by the pool; the statement that met it has failed and said so.
    this.pool.on('error', () => undefined);
    this.prisma = new PrismaClient({ adapter: new PrismaPg(this.pool) });
  }

  readonly query: Query = async <Row extends object>(statement: string | Prepared, values: readonly unknown[] = []) =>
    (await this.pool.query<Row>(orderOf(statement, values))).rows;

  /** For what reads through whole tables and may take minutes. */
  readonly longQuery: Query = async <Row extends object>(
    statement: string | Prepared,
    values: readonly unknown[] = [],
  ) => (await this.pool.query<Row>(orderOf(statement, values, PATIENCE_MS.long))).rows;

  /** All or nothing: an error rolls back and is thrown on. */
  async transaction<Result>(work: (query: Query) => Promise<Result>): Promise<Result> {
    const client = await this.pool.connect();
    const query: Query = async <Row extends object>(statement: string | Prepared, values: readonly unknown[] = []) =>
      (await client.query<Row>(orderOf(statement, values))).rows;
    try {
      await client.query('begin');
      const result = await work(query);
      await client.query('commit');
      client.release();
      return result;
    } catch (error) {
      // A connection that does not answer would not answer a rollback either; the server rolls back when it ends.
      if ((error as Error).message === 'Query read timeout') client.release(true);
      else
        await client.query('rollback').then(
          () => client.release(),
          () => client.release(true),
        );
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.prisma.$disconnect();
    await this.pool.end();
  }
}

interface Order extends pg.QueryConfig {
  readonly query_timeout?: number;
}

function orderOf(statement: string | Prepared, values: readonly unknown[], patienceMs?: number): Order {
  const order = typeof statement === 'string' ? { text: statement } : statement;
  const query_timeout = patienceMs ?? (typeof statement === 'string' ? PATIENCE_MS.other : PATIENCE_MS.prepared);
  return { ...order, values: [...values], query_timeout };
}
