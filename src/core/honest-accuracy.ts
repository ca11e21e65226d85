import { type ConfusionMatrix } from './confusion.js';
import { sum } from './tally.js';

/** A sample that was drawn with a known probability and verified by people. */
export interface Verified {
  readonly label: string;
  readonly predicted: string;
  /** Whether the answer counts as right; where it is not said, when it is the label. */
  readonly isRight?: boolean;
  /** Of being drawn: each stands for 1 / probability samples like it. */
  readonly probability: number;
}

/** A share with its 95 % interval; null where there is nothing to tell it from. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly samples: number;
}

export interface HonestNumbers {
  readonly accuracy: Estimate | null;
  /** By true label: how much of it is answered rightly. */
  readonly recall: readonly ({ readonly label: string } & Estimate)[];
  /** Shares of all traffic, `cells[actual][predicted]`. */
  readonly confusion: ConfusionMatrix;
}

/** 97.5 % of the normal distribution. */
const Z = 1.959964;

/**
 * What is true of all traffic, told from samples that were drawn with known probabilities: each is weighed by what it
 * stands for (Hajek's ratio of Horvitz and Thompson's sums). The interval is Wilson's, on the number of equally weighed
 * samples that would say as much (Kish 1965).
 */
export function honestNumbers(verified: readonly Verified[]): HonestNumbers {
  const labels = [...new Set(verified.flatMap(({ label, predicted }) => [label, predicted]))].sort();
  const actual = [...new Set(verified.map(({ label }) => label))].sort();
  return {
    accuracy: shareOf(verified, isRight),
    recall: actual.map((label) => ({
      label,
      ...shareOf(
        verified.filter((sample) => sample.label === label),
        isRight,
      )!,
    })),
    confusion: { labels, cells: cellsOf(verified, labels) },
  };
}

/** The share of the traffic of which something is true. */
export function shareOf(verified: readonly Verified[], isTrue: (sample: Verified) => boolean): Estimate | null {
  if (verified.length === 0) return null;
  const weights = verified.map(({ probability }) => 1 / probability);
  const total = sum(weights);
  const value = sum(weights.filter((_, i) => isTrue(verified[i]!))) / total;
  const equal = total ** 2 / sum(weights.map((weight) => weight ** 2));
  return { value, ...wilson(value, equal), samples: verified.length };
}

const isRight = ({ label, predicted, isRight: said }: Verified): boolean => said ?? label === predicted;

/** Wilson's score interval (1927) of a share seen in n samples. */
function wilson(share: number, n: number): { low: number; high: number } {
  const spread = Z ** 2 / n;
  const middle = (share + spread / 2) / (1 + spread);
  const half = (Z / (1 + spread)) * Math.sqrt((share * (1 - share)) / n + spread / (4 * n));
  return { low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
}

function cellsOf(verified: readonly Verified[], labels: readonly string[]): number[][] {
  const index = new Map(labels.map((label, i) => [label, i]));
  const cells = labels.map(() => labels.map(() => 0));
  const total = sum(verified.map(({ probability }) => 1 / probability));
  for (const { label, predicted, probability } of verified) {
    cells[index.get(label)!]![index.get(predicted)!]! += 1 / probability / total;
  }
  return cells;
}
