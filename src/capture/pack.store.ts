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

/** Open batches looked at for one pack. */
const MOST_BATCHES = 2_000;

/** The payloads that wait for a pack. */
@Injectable()
export class PackStore implements PackSource {
  constructor(private readonly db: Database) {}

  async open(projectId: string): Promise<OpenLines> {
    const [row] = await this.db.query<OpenLines>(
      `select coalesce(sum(samples), 0)::int as lines, coalesce(sum(bytes), 0)::float8 as bytes, min(received_at) as "oldestAt"
       from (select samples, bytes, received_at from payload_batch where project_id = $1 and pack_id is null
             order by id limit $2) waiting`,
      [projectId, MOST_BATCHES],
    );
    return row!;
  }

  async claim(projectId: string, pack: ReservedPack): Promise<number> {
    return this.db.transaction(async (query) => {
      const claimed = await query<{ samples: number }>(CLAIM, [
        projectId,
        pack.id,
        ENOUGH.lines,
        ENOUGH.bytes,
        MOST_BATCHES,
      ]);
      const samples = claimed.reduce((sum, batch) => sum + batch.samples, 0);
      if (samples > 0) {
        await query('insert into pack (id, project_id, object_key, samples) values ($1, $2, $3, $4)', [
          pack.id,
          projectId,
          pack.objectKey,
          samples,
        ]);
      }
      return samples;
    });
  }

  /** A line that was not accepted is packed as `null`, so that the others keep their place. */
  async claimed(packId: string): Promise<string[]> {
    const rows = await this.db.query<{ body: string; received_at: Date; skipped: number[] | null }>(
      `select h.body, h.received_at, b.skipped
       from payload_batch b join payload h on h.received_at = b.received_at and h.batch_id = b.id
       where b.pack_id = $1 order by b.first_line`,
      [packId],
    );
    return rows.flatMap(({ body, received_at, skipped }) => {
      const notAccepted = new Set(skipped);
      const receivedAt = received_at.toISOString();
      return body.split('\n').map((line, n) => (notAccepted.has(n) ? 'null' : packedLine(line, receivedAt)));
    });
  }

  forgotten(projectId: string, olderThanSeconds: number): Promise<ReservedPack[]> {
    return this.db.query(
      `select id, object_key as "objectKey" from pack
       where project_id = $1 and stored_at is null and reserved_at < now() - make_interval(secs => $2)`,
      [projectId, olderThanSeconds],
    );
  }

  async stored({ id, bytes, sha256, blockOffsets }: WrittenPack): Promise<void> {
    await this.db.query(
      'update pack set stored_at = now(), bytes = $2, sha256 = $3, block_offsets = $4::int[] where id = $1',
      [id, bytes, sha256, blockOffsets],
    );
  }
}

const CLAIM = `
with waiting as (
  select id, samples, bytes from payload_batch where project_id = $1 and pack_id is null
  order by id limit $5 for update skip locked
), summed as (
  select id, samples, (sum(samples) over before)::int as first_line, sum(bytes) over before as first_byte
  from waiting window before as (order by id rows between unbounded preceding and 1 preceding)
), taken as (
  select id, coalesce(first_line, 0) as first_line from summed
  where coalesce(first_line, 0) < $3 and coalesce(first_byte, 0) < $4
)
update payload_batch b set pack_id = $2, first_line = taken.first_line
from taken where b.id = taken.id returning b.samples`;
