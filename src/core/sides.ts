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
  /** It cannot change its side: it was learnt from or judged on before places were known, or it is golden. */
  readonly isBound: boolean;
}

/**
 * The place of a sample, told from those it is nearly the same as: theirs, so that nothing judges a model that is nearly
 * what it learnt. Where they are on both sides, or it is bound to the other one, it is set aside: whatever was held out
 * once is never learnt from, what was learnt never judges, and golden samples are verified to judge, not to teach.
 * What is set aside ties nothing together.
 */
export function placeOf({ side, groupHash, hasCallersGroup, isBound }: Newcomer, twins: readonly Place[]): Place {
  const [first, ...others] = twins.filter((twin) => twin.side !== 'aside');
  if (hasCallersGroup || !first) return { side, groupHash };
  const isTorn = others.some((twin) => twin.side !== first.side) || (isBound && first.side !== side);
  return isTorn ? { side: 'aside', groupHash } : { side: first.side, groupHash: first.groupHash };
}

/** A line of a snapshot at its place; none for what is set aside. Only what is held out can be golden. */
export function lineAt({ goldenAt, ...line }: ManifestLine, { side, groupHash }: Place): ManifestLine[] {
  if (side === 'aside') return [];
  const placed = { ...line, split: side, groupHash };
  return [side === 'holdout' && goldenAt !== undefined ? { ...placed, goldenAt } : placed];
}
