import { Injectable } from '@nestjs/common';
import { packedLine } from '../core/pack-line.js';
import { Database } from '../platform/database/database.js';
import {
  ENOUGH,
  type OpenLines,
  type PackSource,
  type ReservedPack,
  type WrittenPack,
} from '../platform/object-store/packer.js';

/** Rows of the outbox looked at for one pack. */
const MOST_ROWS = 2_000;

/** The feedback that waits for a pack. It stays in its table; the pack is what it can be restored from. */
@Injectable()
export class FeedbackPackStore implements PackSource {
  constructor(private readonly db: Database) {}

  async open(projectId: string): Promise<OpenLines> {
    const [row] = await this.db.query<OpenLines>(
      `select coalesce(sum(lines), 0)::int as lines, coalesce(sum(octet_length(body)), 0)::float8 as bytes,
              min(received_at) as "oldestAt"
       from (select lines, body, received_at from feedback_outbox where project_id = $1 and pack_id is null
             order by id limit $2) waiting`,
      [projectId, MOST_ROWS],
    );
    return row!;
  }

  async claim(projectId: string, pack: ReservedPack): Promise<number> {
    return this.db.transaction(async (query) => {
      const claimed = await query<{ lines: number }>(CLAIM, [projectId, pack.id, ENOUGH.lines, MOST_ROWS]);
      const lines = claimed.reduce((sum, row) => sum + row.lines, 0);
      if (lines > 0) {
        await query('insert into feedback_pack (id, project_id, object_key, lines) values ($1, $2, $3, $4)', [
          pack.id,
          projectId,
          pack.objectKey,
          lines,
        ]);
      }
      return lines;
    });
  }

  async claimed(packId: string): Promise<string[]> {
    const rows = await this.db.query<{ body: string; received_at: Date }>(
      'select body, received_at from feedback_outbox where pack_id = $1 order by id',
      [packId],
    );
    return rows.flatMap(({ body, received_at }) =>
      body.split('\n').map((line) => packedLine(line, received_at.toISOString())),
    );
  }

  forgotten(projectId: string, olderThanSeconds: number): Promise<ReservedPack[]> {
    return this.db.query(
      `select id, object_key as "objectKey" from feedback_pack
       where project_id = $1 and stored_at is null and reserved_at < now() - make_interval(secs => $2)`,
      [projectId, olderThanSeconds],
    );
  }

  async stored({ id, bytes, sha256 }: WrittenPack): Promise<void> {
    await this.db.transaction(async (query) => {
      await query('update feedback_pack set stored_at = now(), bytes = $2, sha256 = $3 where id = $1', [
        id,
        bytes,
        sha256,
      ]);
      await query('delete from feedback_outbox where pack_id = $1', [id]);
    });
  }
}

const CLAIM = `
with waiting as (
  select id, lines from feedback_outbox where project_id = $1 and pack_id is null
  order by id limit $4 for update skip locked
), taken as (
  select id from (select id, sum(lines) over (order by id) - lines as before from waiting) summed where before < $3
)
update feedback_outbox o set pack_id = $2 from taken where o.project_id = $1 and o.id = taken.id returning o.lines`;
