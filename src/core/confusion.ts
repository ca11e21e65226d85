import { sum } from './tally.js';

/** `cells[actual][predicted]`: how often. Labels are sorted; a label nobody predicted still has its column. */
export interface ConfusionMatrix {
  readonly labels: readonly string[];
  readonly cells: readonly (readonly number[])[];
}

export interface ClassReport {
  readonly label: string;
  readonly support: number;
  /** Share of the label's samples that were answered rightly; null without samples. */
  readonly recall: number | null;
  /** Share of the answers with this label that were right; null without answers. */
  readonly precision: number | null;
}

/** The matrix of pairs (actual, predicted). */
export function confusionOf(pairs: readonly (readonly [actual: string, predicted: string])[]): ConfusionMatrix {
  const labels = [...new Set(pairs.flat())].sort();
  const index = new Map(labels.map((label, i) => [label, i]));
  const cells = labels.map(() => labels.map(() => 0));
  for (const [actual, predicted] of pairs) cells[index.get(actual)!]![index.get(predicted)!]! += 1;
  return { labels, cells };
}

/** Share of samples on the diagonal; null for an empty matrix. */
export function accuracyOf({ cells }: ConfusionMatrix): number | null {
  const total = sum(cells.flat());
  return total === 0 ? null : sum(cells.map((row, i) => row[i]!)) / total;
}

export function classReports({ labels, cells }: ConfusionMatrix): ClassReport[] {
  return labels.map((label, i) => {
    const support = sum(cells[i]!);
    const answered = sum(cells.map((row) => row[i]!));
    const right = cells[i]![i]!;
    return { label, support, recall: support ? right / support : null, precision: answered ? right / answered : null };
  });
}
