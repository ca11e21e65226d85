import type { InputKind } from '../../core/input.js';
import type { Database } from './database.js';

export interface StoredInput {
  readonly kind: InputKind;
  /** The beginning of a text. */
  readonly preview: string;
}

/**
 * What the inputs of these predictions are, by id. They are looked up one by one: of a table that it has not analysed yet,
 * Postgres believes that all of a project are few rows, and reads them all.
 */
export async function readInputKinds(
  { query }: Pick<Database, 'query'>,
  projectId: string,
  ids: readonly string[],
): Promise<Map<string, StoredInput>> {
  const rows = await query<StoredInput & { id: string }>(
    `select input.* from unnest($2::text[]) as asked (id)
     cross join lateral (
       select id, input_kind as kind, preview from prediction where project_id = $1 and id = asked.id limit 1) input`,
    [projectId, ids],
  );
  return new Map(rows.map(({ id, ...input }) => [id, input]));
}
