import type { SampleMap } from '../../src/core/projection.js';
import { seededRandom } from '../../src/platform/model-runtime/random.js';
import { banking77, parted } from '../learn/data.js';
import { learn } from '../learn/models.js';

const SHARES = [0.05, 0.1, 0.2];

/** How well wrong labels are found that were made from the label each is most often taken for. */
export async function findingErrors(data: string, seeds: number): Promise<string[][]> {
  const rows: string[][] = [];
  for (const share of SHARES) {
    let sum = 0;
    for (let seed = 1; seed <= seeds; seed += 1) sum += await once(data, share, seed);
    rows.push([`${share * 100} %`, (sum / seeds).toFixed(3)]);
  }
  return rows;
}

async function once(data: string, share: number, seed: number): Promise<number> {
  const items = parted(banking77(data), seed, 0.1).train;
  const partnerOf = partnersOf((await learn(items, seed)).map!);
  const random = seededRandom(seed);
  const isWrong = items.map(() => random.next() < share);
  const noisy = items.map((item, i) => (isWrong[i] ? { ...item, label: partnerOf.get(item.label)! } : item));
  const { margin } = (await learn(noisy, seed)).map!;
  const order = [...margin.keys()].sort((a, b) => margin[a]! - margin[b]!);
  return averagePrecision(order.map((row) => isWrong[row]!));
}

/** Of each label the other one that models which had not seen its samples take them for most often. */
function partnersOf({ labels, label, predicted }: SampleMap): Map<string, string> {
  const taken = labels.map(() => labels.map(() => 0));
  label.forEach((own, i) => {
    if (own !== predicted[i]) taken[own]![predicted[i]!]! += 1;
  });
  return new Map(labels.map((name, c) => [name, labels[taken[c]!.indexOf(Math.max(...taken[c]!))]!]));
}

/** Mean precision at each hit, the most doubtful first. */
function averagePrecision(ranked: readonly boolean[]): number {
  let [hits, sum] = [0, 0];
  ranked.forEach((isHit, i) => {
    if (!isHit) return;
    hits += 1;
    sum += hits / (i + 1);
  });
  return hits === 0 ? 0 : sum / hits;
}
