import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { markdownTable } from '../table.js';
import { CASES } from './cases.js';
import { isThere } from './data.js';

/*
 * npm run bench:learn -- --data FOLDER [--cases banking,noise] [--seeds 3] [--json FILE]
 * What the trainer makes of real data: the mean over seeds and its 95 % interval.
 */

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      data: { type: 'string' },
      cases: { type: 'string', default: Object.keys(CASES).join(',') },
      seeds: { type: 'string', default: '3' },
      json: { type: 'string' },
    },
  });
  if (values.data === undefined) throw new Error('--data FOLDER: where banking77, clinc150 and the others are');
  const rows: string[][] = [];
  const results: Record<string, Record<string, number[]>> = {};
  for (const name of values.cases.split(',')) {
    const { folder, title, run } = CASES[name]!;
    if (!isThere(values.data, folder)) throw new Error(`there is no ${folder} in ${values.data}`);
    const byWhat: Record<string, number[]> = {};
    const startedAt = performance.now();
    for (let seed = 1; seed <= Number(values.seeds); seed += 1) {
      for (const { what, value } of await run(values.data, seed)) (byWhat[what] ??= []).push(value);
      process.stderr.write(`${title}, seed ${seed}: ${JSON.stringify(byWhat)}\n`);
    }
    const seconds = (performance.now() - startedAt) / 1000 / Number(values.seeds);
    results[name] = byWhat;
    for (const [what, found] of Object.entries(byWhat)) rows.push([title, what, shown(found), seconds.toFixed(0)]);
  }
  process.stdout.write(`${markdownTable(['data', 'what', 'mean ± 95 %', 'seconds a seed'], rows)}\n`);
  if (values.json !== undefined) await writeFile(values.json, JSON.stringify(results, null, 2));
}

/** Student's t for 1 to 9 degrees of freedom, 97.5 %. */
const T = [12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26];

function shown(values: readonly number[]): string {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const digits = mean > 10 ? 0 : 3;
  if (values.length < 2) return mean.toFixed(digits);
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  const half = (T[values.length - 2] ?? 1.96) * Math.sqrt(variance / values.length);
  return `${mean.toFixed(digits)} ± ${half.toFixed(digits)}`;
}

await main();
