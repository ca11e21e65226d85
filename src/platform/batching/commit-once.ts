import type { Outcome } from '../../core/outcome.js';

/** `unseen`: another process committed the id while the statement ran; ask again. */
export type RowStatus = 'accepted' | 'duplicate' | 'conflict' | 'unseen';

/** A row to insert, or an item that was found wrong before. */
export type BatchItem<Row> = Row | { readonly rejected: Outcome };

/**
 * Inserts a batch under its own ids and says what became of each item, in order. One call of `insert` as a rule; one
 * more where two items of the batch share an id (the second is looked at when the first is in the database) or an id
 * was committed elsewhere at the same moment. Rejected items are booked with the first call.
 */
export async function commitOnce<Row extends { readonly id: string }>(
  items: readonly BatchItem<Row>[],
  insert: (rows: readonly Row[], rejected: number) => Promise<ReadonlyMap<string, RowStatus>>,
): Promise<Outcome[]> {
  const outcomes: (Outcome | undefined)[] = items.map((item) => ('rejected' in item ? item.rejected : undefined));
  let rejected = outcomes.filter(Boolean).length;
  let open = items.flatMap((item, index) => ('rejected' in item ? [] : [{ row: item, index }]));
  do {
    const seen = new Set<string>();
    const round = open.filter(({ row }) => !seen.has(row.id) && seen.add(row.id));
    const statuses = await insert(
      round.map(({ row }) => row),
      rejected,
    );
    rejected = 0;
    for (const { row, index } of round) {
      const status = statuses.get(row.id) ?? 'unseen';
      if (status !== 'unseen') outcomes[index] = { status, id: row.id };
    }
    open = open.filter(({ index }) => outcomes[index] === undefined);
  } while (open.length > 0);
  return outcomes as Outcome[];
}
