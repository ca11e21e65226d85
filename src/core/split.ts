import { createHash } from 'node:crypto';

export type Split = 'train' | 'holdout';

/**
 * Same group, same answer, for ever: a sample that was once held out can never be trained on.
 * Raising the percentage only adds groups to the holdout; lowering it would release held-out groups into training,
 * so settings refuse that.
 */
export function splitOf(groupKey: string, holdoutPercent: number): Split {
  const bucket = createHash('sha256').update(groupKey).digest().readUInt32BE(0) % 100;
  return bucket < holdoutPercent ? 'holdout' : 'train';
}
