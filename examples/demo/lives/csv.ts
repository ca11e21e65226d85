import { readFile } from 'node:fs/promises';
import { parse } from 'csv-parse/sync';

/** Rows of a CSV file with a header; texts may hold line breaks inside quotes. */
export async function readCsv<Row>(path: string): Promise<Row[]> {
  return parse(await readFile(path), { columns: true, skip_empty_lines: true });
}
