import { sha256 } from './ids.js';

/** One of so many buckets, 0 the first, by a hash of the key: the same for ever. */
export const bucketOf = (key: string, buckets: number): number =>
  Number.parseInt(sha256(key).slice(0, 8), 16) % buckets;

export type Split = 'train' | 'holdout';

/**
 * Same group, same answer, for ever: a sample that was once held out can never be trained on.
 * Raising the percentage only adds groups to the holdout; lowering it would release held-out groups into training,
 * so settings refuse that.
 */
export function splitOf(groupKey: string, holdoutPercent: number): Split {
  return bucketOf(groupKey, 100) < holdoutPercent ? 'holdout' : 'train';
}
