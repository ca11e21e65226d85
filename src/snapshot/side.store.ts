import { Injectable } from '@nestjs/common';
import type { Place } from '../core/sides.js';
import type { Trace } from '../core/near-duplicates.js';
import { Database } from '../platform/database/database.js';
import { readInputKinds, type StoredInput } from '../platform/database/inputs.js';

export interface PlacedSample extends Place, Trace {
  readonly keys: readonly number[];
}

export interface PlacedRow extends Place {
  readonly sampleId: string;
  /** By which it can be found. */
  readonly keys: readonly number[];
  readonly sketch: readonly number[] | null;
}

@Injectable()
export class SideStore {
  constructor(private readonly db: Database) {}

  /** Of these samples, by id; those without a place are not in it. */
  async places(projectId: string, ids: readonly string[]): Promise<Map<string, Place>> {
    const rows = await this.db.longQuery<Place & { id: string }>(
      `select sample_id as id, side, group_hash as "groupHash" from sample_side where project_id = $1 and sample_id = any($2)`,
      [projectId, ids],
    );
    return new Map(rows.map(({ id, ...place }) => [id, place]));
  }

  /** See {@link readInputKinds}. */
  inputs(projectId: string, ids: readonly string[]): Promise<Map<string, StoredInput>> {
    return readInputKinds(this.db, projectId, ids);
  }

  /**
   * Samples with a place that share a key with any of these. Postgres believes of a young table that reading it whole, or
   * all of a project, is cheap: "offset 0" keeps the project out of the search, which then can only go by the keys.
   */
  async sharing(projectId: string, keys: readonly (readonly number[])[]): Promise<PlacedSample[]> {
    return this.db.transaction(async (query) => {
      await query('set local enable_seqscan = off');
      return query<PlacedSample>(SHARING, [projectId, keys.map((own) => `{${own.join(',')}}`)]);
    });
  }

  /** A place that is there already stays. */
  async insert(projectId: string, rows: readonly PlacedRow[]): Promise<void> {
    await this.db.query(
      `insert into sample_side (project_id, sample_id, side, group_hash, keys, sketch)
       select $1, id, side, group_hash, keys::int[], sketch::float8[]
       from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[]) as t (id, side, group_hash, keys, sketch)
       on conflict do nothing`,
      [
        projectId,
        rows.map(({ sampleId }) => sampleId),
        rows.map(({ side }) => side),
        rows.map(({ groupHash }) => groupHash),
        rows.map(({ keys }) => `{${keys.join(',')}}`),
        rows.map(({ sketch }) => sketch && `{${sketch.join(',')}}`),
      ],
    );
  }
}

const SHARING = `
with found as materialized (
  select distinct on (near.sample_id) near.*
  from unnest($2::text[]) as asked (keys)
  cross join lateral (select * from sample_side where keys && asked.keys::int[] offset 0) near
  where near.project_id = $1
)
select found.side, found.group_hash as "groupHash", found.sketch, found.keys, input.preview
from found
cross join lateral (select preview from prediction where project_id = $1 and id = found.sample_id limit 1) input
order by found.sample_id`;
