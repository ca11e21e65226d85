import type { LabelledProbabilities } from '../../src/core/confident-learning.js';
import { labelMargins, wrongLabels } from '../../src/core/confident-learning.js';
import { seededRandom } from '../../src/platform/model-runtime/random.js';
import { banking77, type Labelled, parted } from '../learn/data.js';
import { answers, learnNaively } from '../learn/models.js';

const FOLDS = 5;
const SHARES = [0.05, 0.1, 0.2];

/** How well wrong labels are found that were made from the label each is most often taken for. */
export async function findingErrors(data: string, seeds: number): Promise<string[][]> {
  const rows: string[][] = [];
  for (const share of SHARES) {
    const found: { ap: number; precision: number; recall: number }[] = [];
    for (let seed = 1; seed <= seeds; seed += 1) found.push(await once(data, share, seed));
    const mean = (of: (one: (typeof found)[number]) => number): string =>
      (found.reduce((sum, one) => sum + of(one), 0) / seeds).toFixed(3);
    rows.push([
      `${share * 100} %`,
      mean(({ ap }) => ap),
      `${mean((one) => one.precision)}, ${mean((one) => one.recall)}`,
    ]);
  }
  return rows;
}

async function once(data: string, share: number, seed: number) {
  const items = parted(banking77(data), seed, 0.1).train;
  const labels = [...new Set(items.map(({ label }) => label))].sort();
  const partner = partnersOf(await outOfFold(items, labels, seed));
  const random = seededRandom(seed);
  const isWrong = items.map(() => random.next() < share);
  const noisy = items.map((item, i) =>
    isWrong[i] ? { ...item, label: labels[partner[labels.indexOf(item.label)]!]! } : item,
  );
  const judged = await outOfFold(noisy, labels, seed);
  const margins = labelMargins(judged);
  const ranked = [...margins.keys()].sort((a, b) => margins[a]! - margins[b]!).map((row) => isWrong[row]!);
  const flagged = wrongLabels(judged, 'both');
  const hits = [...flagged.keys()].filter((row) => flagged[row] && isWrong[row]).length;
  return {
    ap: averagePrecision(ranked),
    precision: hits / flagged.reduce((sum, one) => sum + one, 0),
    recall: hits / isWrong.filter(Boolean).length,
  };
}

/** What models that have not seen them say of all items. */
async function outOfFold(
  items: readonly Labelled[],
  labels: readonly string[],
  seed: number,
): Promise<LabelledProbabilities> {
  const column = new Map(labels.map((label, c) => [label, c]));
  const probabilities = new Float64Array(items.length * labels.length);
  for (let fold = 0; fold < FOLDS; fold += 1) {
    const isHeldOut = (i: number): boolean => i % FOLDS === fold;
    const files = await learnNaively(
      items.filter((_, i) => !isHeldOut(i)),
      seed,
    );
    const asked = [...items.keys()].filter(isHeldOut);
    const said = await answers(
      files,
      asked.map((i) => items[i]!),
    );
    asked.forEach((i, n) => {
      for (const [label, p] of Object.entries(said[n]!.scores))
        probabilities[i * labels.length + column.get(label)!] = p;
    });
  }
  return { classes: labels.length, probabilities, given: Int32Array.from(items, ({ label }) => column.get(label)!) };
}

/** Of each class the other one that its items are most often taken for. */
function partnersOf({ classes, probabilities, given }: LabelledProbabilities): number[] {
  const taken = Array.from({ length: classes }, () => new Float64Array(classes));
  given.forEach((label, row) => {
    for (let c = 0; c < classes; c += 1) if (c !== label) taken[label]![c]! += probabilities[row * classes + c]!;
  });
  return taken.map((of) => of.indexOf(Math.max(...of)));
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
