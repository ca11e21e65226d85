import { sha256 } from './ids.js';

export type Split = 'train' | 'holdout';

/**
 * Same group, same answer, for ever: a sample that was once held out can never be trained on.
 * Raising the percentage only adds groups to the holdout; lowering it would release held-out groups into training,
 * so settings refuse that.
 */
export function splitOf(groupKey: string, holdoutPercent: number): Split {
  const bucket = parseInt(sha256(groupKey).slice(0, 8), 16) % 100;
  return bucket < holdoutPercent ? 'holdout' : 'train';
}
