import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  type LabelledProbabilities,
  labelMargins,
  type PruneMethod,
  wrongLabels,
} from '../../src/core/confident-learning.js';
import { type CrowdAnswer, judgeCrowd } from '../../src/core/crowd.js';
import { type SeededRandom, seededRandom } from '../../src/platform/model-runtime/random.js';
import { readCsv } from '../learn/data.js';
import { markdownTable } from '../table.js';
import { findingCopies } from './copies.js';
import { findingErrors } from './noise.js';

/*
 * npm run bench:curate -- --data FOLDER
 * Whom to believe, which labels to doubt, and how fast: on crowds, on published label errors, on Banking77 with noise, on
 * altered pictures.
 */

const METHODS: readonly PruneMethod[] = [
  'prune-by-noise-rate',
  'prune-by-class',
  'both',
  'confident-learning',
  'predicted-is-not-given',
];

/** As judged, by majority, and by which method, with at most so many answers an item, drawn by the seed. */
function crowd(data: string, set: string, most: number, seed: number) {
  const rows = readCsv(join(data, 'crowd', set, 'answers.csv.gz'));
  const gold = new Map(readCsv(join(data, 'crowd', set, 'gold.csv')).map(({ item, label }) => [item!, label!]));
  const all = rows.map(({ item, worker, label }): CrowdAnswer => ({ item: item!, rater: worker!, label: label! }));
  const answers = firstOfItems(all, most, seededRandom(seed));
  const verdict = judgeCrowd(answers);
  const right = [...verdict.beliefs].filter(([item, { label }]) => label === gold.get(item));
  const majority = majorityOf(answers);
  const rightByMajority = [...majority].filter(([item, label]) => label === gold.get(item));
  return {
    judged: right.length / verdict.beliefs.size,
    majority: rightByMajority.length / majority.size,
    method: verdict.method,
  };
}

function firstOfItems(answers: CrowdAnswer[], most: number, random: SeededRandom): CrowdAnswer[] {
  const order = Int32Array.from(answers.keys());
  random.shuffle(order);
  const taken = new Map<string, number>();
  return [...order].flatMap((i) => {
    const answer = answers[i]!;
    const n = (taken.get(answer.item) ?? 0) + 1;
    taken.set(answer.item, n);
    return n <= most ? [answer] : [];
  });
}

/** Ties go to the first in code unit order, as in the service. */
function majorityOf(answers: readonly CrowdAnswer[]): Map<string, string> {
  const votes = new Map<string, Map<string, number>>();
  for (const { item, label } of answers) {
    const of = votes.get(item) ?? new Map<string, number>();
    of.set(label, (of.get(label) ?? 0) + 1);
    votes.set(item, of);
  }
  return new Map(
    [...votes].map(([item, of]) => [item, [...of].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))[0]![0]]),
  );
}

function crowds(data: string): string[][] {
  const seeds = Array.from({ length: 10 }, (_, i) => i + 1);
  const mean = (values: readonly number[]): string =>
    (values.reduce((sum, value) => sum + value, 0) / values.length).toFixed(3);
  return ['bluebirds', 'binary1000'].flatMap((set) =>
    [1, 2, 3, 4, 5, 8, 1_000].map((most) => {
      const found = seeds.map((seed) => crowd(data, set, most, seed));
      const chosen = found.filter(({ method }) => method === 'dawid-skene').length;
      const [judged, majority] = (['judged', 'majority'] as const).map((what) => mean(found.map((one) => one[what])));
      return [set, most === 1_000 ? 'all' : String(most), majority!, judged!, `${chosen} of ${seeds.length}`];
    }),
  );
}

function published(data: string, set: string): string[] {
  const rows = readCsv(join(data, 'label-errors', set, 'probabilities.csv.gz'));
  const classes = Object.keys(rows[0]!).length - 2;
  const labelled: LabelledProbabilities = {
    classes,
    given: Int32Array.from(rows, ({ given }) => Number(given)),
    probabilities: Float64Array.from(
      rows.flatMap((row) => Array.from({ length: classes }, (_, c) => Number(row[`p${c}`]))),
    ),
  };
  const shown = readCsv(join(data, 'label-errors', set, 'votes.csv')).map(({ id }) => id!);
  const margins = labelMargins(labelled);
  const doubted = [...margins.keys()].sort((a, b) => margins[a]! - margins[b]!).slice(0, shown.length);
  const ids = new Set(doubted.map((row) => rows[row]!.id));
  const found = shown.filter((id) => ids.has(id)).length;
  const counts = METHODS.map((method) => wrongLabels(labelled, method).reduce((sum, isWrong) => sum + isWrong, 0));
  return [set, counts.join(' / '), `${found} of ${shown.length}`];
}

function speed(): string[][] {
  const [rows, classes] = [1_000_000, 10];
  const random = seededRandom(1);
  const given = Int32Array.from({ length: rows }, () => Math.floor(random.next() * classes));
  const probabilities = new Float64Array(rows * classes);
  for (let row = 0; row < rows; row += 1) {
    const truth = random.next() < 0.1 ? Math.floor(random.next() * classes) : given[row]!;
    let total = 0;
    for (let c = 0; c < classes; c += 1) {
      const value = random.next() ** 3 + (c === truth ? 1.2 * random.next() : 0);
      probabilities[row * classes + c] = value;
      total += value;
    }
    for (let c = 0; c < classes; c += 1) probabilities[row * classes + c]! /= total;
  }
  return METHODS.map((method) => {
    const startedAt = performance.now();
    wrongLabels({ classes, probabilities, given }, method);
    return [method, ((performance.now() - startedAt) / 1_000).toFixed(1)];
  });
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { data: { type: 'string' }, seeds: { type: 'string', default: '3' } } });
  if (values.data === undefined)
    throw new Error('--data FOLDER: where crowd, label-errors, banking77 and fashion-mnist are');
  const print = (head: string[], rows: string[][]): void =>
    void process.stdout.write(`${markdownTable(head, rows)}\n\n`);
  print(['crowd', 'answers an item', 'majority', 'judged', 'Dawid and Skene chosen'], crowds(values.data));
  const sets = ['cifar10', '20news'].map((set) => published(values.data!, set));
  print(['published errors', METHODS.join(' / '), 'lowest margins among the rows shown to people'], sets);
  print(['a million rows, ten classes', 'seconds'], speed());
  print(
    ['Banking77, wrong labels', 'average precision of the margin'],
    await findingErrors(values.data, Number(values.seeds)),
  );
  print(['pictures of Fashion-MNIST', 'nearly the same as a known one'], await findingCopies(values.data));
}

await main();
