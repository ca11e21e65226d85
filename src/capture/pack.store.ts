import { Injectable } from '@nestjs/common';
import type { PackPosition } from '../core/manifest.js';
import { Database } from '../platform/database/database.js';

export interface ClaimedPayload {
  readonly predictionId: string;
  readonly body: string;
}

@Injectable()
export class PackStore {
  constructor(private readonly db: Database) {}

  /** How many payloads wait to be packed (counted up to `limit`), and since when the oldest does. */
  async open(projectId: string, limit: number): Promise<{ count: number; oldestAt: Date | null }> {
    const [row] = await this.db.query<{ count: number; oldest_at: Date | null }>(
      `select count(*)::int as count, min(received_at) as oldest_at
       from (select received_at from payload where project_id = $1 and pack_id is null order by seq limit $2) waiting`,
      [projectId, limit],
    );
    return { count: row!.count, oldestAt: row!.oldest_at };
  }

  /** Reserves a pack and claims the oldest open payloads for it, in one transaction. */
  async claim(projectId: string, pack: { id: string; objectKey: string }, limit: number): Promise<number> {
    return this.db.transaction(async (query) => {
      const claimed = await query(
        `update payload set pack_id = $2
         where project_id = $1 and prediction_id in (
           select prediction_id from payload where project_id = $1 and pack_id is null
           order by seq limit $3 for update skip locked)
         returning prediction_id`,
        [projectId, pack.id, limit],
      );
      if (claimed.length > 0) {
        await query('insert into pack (id, project_id, object_key, samples) values ($1, $2, $3, $4)', [
          pack.id,
          projectId,
          pack.objectKey,
          claimed.length,
        ]);
      }
      return claimed.length;
    });
  }

  /** The payloads of a reserved pack, always in the same order: packing again writes the same bytes. */
  async claimed(packId: string): Promise<ClaimedPayload[]> {
    const rows = await this.db.query<{ prediction_id: string; body: string }>(
      'select prediction_id, body from payload where pack_id = $1 order by seq',
      [packId],
    );
    return rows.map((row) => ({ predictionId: row.prediction_id, body: row.body }));
  }

  /** Packs that were reserved by a process that then went away. */
  async forgotten(projectId: string, olderThanSeconds: number): Promise<{ id: string; objectKey: string }[]> {
    const rows = await this.db.query<{ id: string; object_key: string }>(
      `select id, object_key from pack
       where project_id = $1 and stored_at is null and reserved_at < now() - make_interval(secs => $2)`,
      [projectId, olderThanSeconds],
    );
    return rows.map((row) => ({ id: row.id, objectKey: row.object_key }));
  }

  /** The object is in the store: rows point at it and the hot payloads go, in one statement. */
  async stored(
    projectId: string,
    pack: { id: string; bytes: number; sha256: string },
    members: readonly (ClaimedPayload & Omit<PackPosition, 'pack'>)[],
  ): Promise<void> {
    await this.db.query(
      `with member as (select * from unnest($3::text[], $4::int[], $5::int[], $6::int[]) as t (id, "offset", length, line)),
       pointed as (
         update prediction p set pack_id = $2, pack_offset = member."offset", pack_length = member.length, pack_line = member.line
         from member where p.project_id = $1 and p.id = member.id),
       dropped as (delete from payload where pack_id = $2)
       update pack set stored_at = now(), bytes = $7, sha256 = $8 where id = $2`,
      [
        projectId,
        pack.id,
        members.map((member) => member.predictionId),
        members.map((member) => member.offset),
        members.map((member) => member.length),
        members.map((member) => member.line),
        pack.bytes,
        pack.sha256,
      ],
    );
  }
}
