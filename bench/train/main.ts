import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { markdownTable, median } from '../table.js';
import { type Case, CONTENDERS } from './contenders.js';

/*
 * npm run bench:train [-- --cases 'dense 32,sparse'] [--seconds 2] [--rounds 3] [--json FILE]: examples a second beside
 * PyTorch, where it can be imported, and TensorFlow.js.
 */

const CASES: Readonly<Record<Case, string>> = {
  'dense 32': '256-128-77, Adam, batch 32',
  'dense 256': '256-128-77, Adam, batch 256',
  sparse: '2^15 features, 60 a row, 77 classes, SGD',
  base: 'convolutional base 64x64x3 -> 256, forward',
  cnn: 'small convolutional network 28x28x1 -> 10, Adam, batch 32',
};

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '2' },
      rounds: { type: 'string', default: '3' },
      cases: { type: 'string', default: Object.keys(CASES).join() },
      json: { type: 'string' },
    },
  });
  const cases = values.cases.split(',') as Case[];
  const rates = new Map<string, number[]>();
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const [work, name] of everyPair(cases)) measure(rates, work, name, values.seconds);
  }
  const medians = Object.fromEntries([...rates].map(([key, found]) => [key, median(found)]));
  const rows = cases.map((work) => [
    CASES[work],
    ...Object.keys(CONTENDERS).map((name) => shown(medians[`${work}/${name}`], medians[`${work}/flywheel, 1 thread`]!)),
  ]);
  const about = `${cpus()[0]!.model}, Node ${process.versions.node}: examples a second, and flywheel's rate as a multiple of it`;
  process.stdout.write(`${about}\n\n${markdownTable(['work', ...Object.keys(CONTENDERS)], rows)}\n`);
  if (values.json !== undefined) await writeFile(values.json, JSON.stringify(medians, null, 2));
}

const everyPair = (cases: readonly Case[]): [Case, string][] =>
  cases.flatMap((work) => Object.keys(CONTENDERS).map((name): [Case, string] => [work, name]));

const ONE = fileURLToPath(new URL('./one.js', import.meta.url));

function measure(rates: Map<string, number[]>, work: Case, name: string, seconds: string): void {
  const said = execFileSync(process.execPath, [ONE, name, work, seconds], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const key = `${work}/${name}`;
  if (said !== '') rates.set(key, [...(rates.get(key) ?? []), Number(said)]);
  process.stderr.write(`${work}, ${name}: ${said === '' ? 'not there' : Math.round(Number(said))}\n`);
}

const shown = (rate: number | undefined, ours: number): string =>
  rate === undefined ? '-' : `${Math.round(rate)} (${(ours / rate).toFixed(2)}x)`;

await main();
