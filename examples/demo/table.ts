import type { PublishedRow } from './lives/hint3.js';
import type { Turn } from './life.js';

const share = (value: number | null): string => (value === null ? '-' : value.toFixed(3).replace(/^0/, ''));

const TURN_COLUMNS: readonly (readonly [title: string, cell: (turn: Turn) => string])[] = [
  ['turn', ({ turn }) => String(turn)],
  ['labels', ({ labels }) => String(labels)],
  ['champion', ({ champion }) => (champion === null ? '-' : `v${champion}`)],
  ['holdout', ({ holdoutAccuracy }) => share(holdoutAccuracy)],
  ['of', ({ holdoutSamples }) => String(holdoutSamples ?? '-')],
  ['fresh traffic', ({ freshAccuracy }) => share(freshAccuracy)],
  ['feedback to live', ({ feedbackToLiveSeconds: seconds }) => (seconds === null ? '-' : `${seconds.toFixed(1)} s`)],
  ['last decision', ({ decision }) => decision],
];

/** Fresh traffic: the messages that came next, before anybody had spoken about them. */
export const turnTable = (turns: readonly Turn[]): string => table(TURN_COLUMNS, turns);

export const publishedTableText = (rows: readonly PublishedRow[]): string =>
  table(
    [
      ['model', ({ model }) => model],
      ['accuracy', ({ accuracy }) => share(accuracy)],
      ['in-scope accuracy', ({ inScopeAccuracy }) => share(inScopeAccuracy)],
      ['oos recall', ({ oosRecall }) => share(oosRecall)],
    ],
    rows,
  );

function table<Row>(columns: readonly (readonly [string, (row: Row) => string])[], rows: readonly Row[]): string {
  const cells = [columns.map(([title]) => title), ...rows.map((row) => columns.map(([, cell]) => cell(row)))];
  const widths = columns.map((_, c) => Math.max(...cells.map((line) => line[c]!.length)));
  return cells
    .map((line) =>
      line
        .map((cell, c) => cell.padEnd(widths[c]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
