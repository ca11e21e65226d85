import type { SeededRandom } from '../../src/platform/model-runtime/random.js';

/** True in a share of all cases. */
export const happens = (share: number, random: SeededRandom): boolean => random.next() < share;

/** One of the entries, each as likely. */
export function pick<T>(entries: readonly T[], random: SeededRandom): T {
  return entries[Math.floor(random.next() * entries.length)]!;
}

/** One of the entries, each as likely as its weight says. */
export function pickWeighted<T>(entries: readonly T[], weights: readonly number[], random: SeededRandom): T {
  let left = random.next() * weights.reduce((sum, weight) => sum + weight, 0);
  const index = weights.findIndex((weight) => (left -= weight) < 0);
  return entries.at(index)!;
}
