import type { Input } from '../../core/input.js';
import type { ManifestLine } from '../../core/manifest.js';
import { readLine } from '../../core/pack-line.js';
import type { Split } from '../../core/split.js';
import { positionInPack, type StoredPack } from '../object-store/packs.js';
import type { Database } from './database.js';
import { isInQuarantine } from './in-quarantine.js';

/**
 * Labelled samples that a model can be made of or judged by, in the order of ids, without those in quarantine that no
 * annotator has verified. A body that is not packed yet travels inside its line, so that nobody waits for the packer.
 * @param ids null: every one
 */
export async function readLabelled(
  db: Database,
  projectId: string,
  ids: readonly string[] | null,
): Promise<ManifestLine[]> {
  const rows = await db.longQuery<LineRow>(LINES, [projectId, ids]);
  const packs = new Map(
    (await db.longQuery<PackRow>(PACKS, [distinct(rows, 'pack_id')])).map((pack) => [pack.id, pack]),
  );
  const open = rows.filter(({ pack_id }) => pack_id === null);
  const hot = new Map(
    (await db.longQuery<HotRow>(HOT, [distinct(open, 'batch_id')])).map(({ id, body }) => [id, body.split('\n')]),
  );
  return rows.map((row) => {
    const pack = row.pack_id === null ? undefined : packs.get(row.pack_id)!;
    if (pack) return { ...lineOf(row), at: positionInPack(pack, row.first_line! + row.batch_line) };
    const { item } = readLine<{ input: Input }>(hot.get(row.batch_id)![row.batch_line]!);
    return { ...lineOf(row), input: item!.input };
  });
}

interface LineRow {
  readonly id: string;
  readonly label: string;
  readonly split: Split;
  readonly group_hash: string;
  readonly content_hash: string;
  readonly revision: string;
  readonly occurred_at: Date;
  readonly is_trusted: boolean;
  readonly rater: string | null;
  readonly golden_at: Date | null;
  readonly batch_id: string;
  readonly batch_line: number;
  readonly first_line: number | null;
  /** Null while the object is not there. */
  readonly pack_id: string | null;
}

interface PackRow extends StoredPack {
  readonly id: string;
}

interface HotRow {
  readonly id: string;
  readonly body: string;
}

const distinct = (rows: readonly LineRow[], key: 'pack_id' | 'batch_id'): string[] => [
  ...new Set(rows.flatMap((row) => row[key] ?? [])),
];

const lineOf = (row: LineRow): ManifestLine => ({
  sampleId: row.id,
  label: row.label,
  split: row.split,
  groupHash: row.group_hash,
  contentHash: row.content_hash,
  revision: row.revision,
  occurredAt: row.occurred_at.toISOString(),
  isTrusted: row.is_trusted,
  ...(row.rater === null ? {} : { rater: row.rater }),
  ...(row.golden_at === null ? {} : { goldenAt: row.golden_at.toISOString() }),
});

const LINES = `
select p.id, s.label, s.split, p.group_hash, p.content_hash, s.revision, p.batch_id, p.batch_line, b.first_line,
       k.id as pack_id, p.occurred_at, s.support > 1 or coalesce(f.is_annotated, false) as is_trusted, f.rater,
       v.decided_at as golden_at
from sample s
left join review v on v.project_id = s.project_id and v.sample_id = s.prediction_id and v.reason = 'audit'
                  and v.decision in ('correction', 'accept') and s.split = 'holdout'
join prediction p on p.project_id = s.project_id and p.id = s.prediction_id
left join lateral (
  select bool_or(rater_role = 'annotator') as is_annotated,
         case when count(distinct rater_id) = 1 then min(rater_id) end as rater
  from (select * from feedback where project_id = s.project_id and prediction_id = s.prediction_id
        union all
        select * from feedback where project_id = s.project_id and external_id = p.external_id) spoken
  where kind in ('correction', 'accept')
) f on true
join payload_batch b on b.id = p.batch_id
left join pack k on k.id = b.pack_id and k.stored_at is not null
where s.project_id = $1 and s.status = 'resolved' and p.input_kind <> 'blob'
  and ($2::text[] is null or s.prediction_id = any($2))
  and (f.is_annotated or not ${isInQuarantine('s')})
order by p.id`;

const PACKS = `
select id, object_key as "objectKey", bytes, block_offsets as "blockOffsets" from pack where id = any($1::uuid[])`;

/** Still there: a day's bodies go long after the last of them was packed. */
const HOT = `
select b.id, h.body from payload_batch b join payload h on h.received_at = b.received_at and h.batch_id = b.id
where b.id = any($1::bigint[])`;
