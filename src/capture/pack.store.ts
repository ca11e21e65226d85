import { Injectable } from '@nestjs/common';
import { Database } from '../platform/database/database.js';

/** Open batches looked at for one pack. */
const MOST_BATCHES = 2_000;

/** What waits to be packed (as far as one pack may want it), and since when the oldest does. */
export interface OpenPayloads {
  readonly samples: number;
  readonly bytes: number;
  readonly oldestAt: Date | null;
}

@Injectable()
export class PackStore {
  constructor(private readonly db: Database) {}

  async open(projectId: string): Promise<OpenPayloads> {
    const [row] = await this.db.query<OpenPayloads>(
      `select coalesce(sum(samples), 0)::int as samples, coalesce(sum(bytes), 0)::float8 as bytes, min(received_at) as "oldestAt"
       from (select samples, bytes, received_at from payload_batch where project_id = $1 and pack_id is null
             order by id limit $2) waiting`,
      [projectId, MOST_BATCHES],
    );
    return row!;
  }

  /**
   * Reserves a pack and claims the oldest open batches for it, until they have so many samples or bytes; in one
   * transaction.
   * @returns how many samples were claimed
   */
  async claim(
    projectId: string,
    pack: { id: string; objectKey: string },
    enough: { samples: number; bytes: number },
  ): Promise<number> {
    return this.db.transaction(async (query) => {
      const claimed = await query<{ samples: number }>(CLAIM, [
        projectId,
        pack.id,
        enough.samples,
        enough.bytes,
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

  /** Bodies of the batches of a reserved pack, always in the same order: packing again writes the same bytes. */
  async claimed(packId: string): Promise<string[]> {
    const rows = await this.db.query<{ body: string }>(
      `select h.body from payload_batch b join payload h on h.received_at = b.received_at and h.batch_id = b.id
       where b.pack_id = $1 order by b.first_line`,
      [packId],
    );
    return rows.map(({ body }) => body);
  }

  /** Packs that were reserved by a process that then went away. */
  async forgotten(projectId: string, olderThanSeconds: number): Promise<{ id: string; objectKey: string }[]> {
    return this.db.query(
      `select id, object_key as "objectKey" from pack
       where project_id = $1 and stored_at is null and reserved_at < now() - make_interval(secs => $2)`,
      [projectId, olderThanSeconds],
    );
  }

  /** The object is in the store: from now on its lines may be read there. */
  async stored(pack: { id: string; bytes: number; sha256: string; blockOffsets: readonly number[] }): Promise<void> {
    await this.db.query(
      'update pack set stored_at = now(), bytes = $2, sha256 = $3, block_offsets = $4::int[] where id = $1',
      [pack.id, pack.bytes, pack.sha256, pack.blockOffsets],
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
