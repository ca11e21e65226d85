import type { ManifestLine } from './manifest.js';
import type { Split } from './split.js';

/** Where a labelled sample is in for good; one that is set aside is in neither part. */
export type Side = Split | 'aside';

/** A sample's side and the group by which it is there. */
export interface Place {
  readonly side: Side;
  readonly groupHash: string;
}

/** A sample that has no place yet. */
export interface Newcomer extends Place {
  readonly side: Split;
  /** The caller said what it belongs to. */
  readonly hasCallersGroup: boolean;
  /** It was learnt from or judged on before places were known. */
  readonly wasUsed: boolean;
  /** Drawn at random from the traffic and verified by a person. */
  readonly isGolden: boolean;
}

/**
 * The place of a sample, told from those it is nearly the same as: theirs, so that nothing judges a model that is nearly
 * what it learnt. Golden samples stay held out: they are a fair sample of the traffic with its repetitions. Where the others are on both sides, or it was used on the other one, it is set aside: whatever was held out
 * once is never learnt from, and what was learnt never judges.
 */
export function placeOf(
  { side, groupHash, hasCallersGroup, wasUsed, isGolden }: Newcomer,
  twins: readonly Place[],
): Place {
  const own = { side, groupHash };
  const [first, ...others] = twins.filter((twin) => twin.side !== 'aside');
  if (hasCallersGroup || isGolden || !first) return own;
  const isTorn = others.some((twin) => twin.side !== first.side) || (wasUsed && first.side !== side);
  return isTorn ? { side: 'aside', groupHash } : { side: first.side, groupHash: first.groupHash };
}

/** A line of a snapshot at its place; none for what is set aside. Only what is held out can be golden. */
export function lineAt({ goldenAt, ...line }: ManifestLine, { side, groupHash }: Place): ManifestLine[] {
  if (side === 'aside') return [];
  const placed = { ...line, split: side, groupHash };
  return [side === 'holdout' && goldenAt !== undefined ? { ...placed, goldenAt } : placed];
}
