import type { SnapshotSample } from './manifest.js';
import { countBy } from './tally.js';

export interface WeightSettings {
  /** Age at which a sample counts half as much as the newest one; null: age does not matter. */
  readonly halfLifeDays: number | null;
}

/** However old, a sample counts this much. */
const LEAST_BY_AGE = 0.25;
const UNTRUSTED = 0.8;
const MS_A_DAY = 86_400_000;

/**
 * How much each sample counts in training, 1 on average: count^-0.5 of its class (rare labels count more, but not as
 * much as frequent ones together), halved with every half-life of its age against the newest sample, down to a quarter,
 * and a little less when only one user said the label.
 */
export function sampleWeights(
  samples: readonly Pick<SnapshotSample, 'label' | 'occurredAt' | 'isTrusted'>[],
  { halfLifeDays }: WeightSettings,
): Float32Array {
  const counts = countBy(samples.map(({ label }) => label));
  const times = samples.map(({ occurredAt }) => (occurredAt === undefined ? undefined : Date.parse(occurredAt)));
  const newest = times.reduce<number>((most, time) => Math.max(most, time ?? -Infinity), -Infinity);
  const weights = samples.map(({ label, isTrusted }, i) => {
    const days = times[i] === undefined ? 0 : (newest - times[i]) / MS_A_DAY;
    const byAge = halfLifeDays === null ? 1 : Math.max(LEAST_BY_AGE, 0.5 ** (days / halfLifeDays));
    return counts.get(label)! ** -0.5 * byAge * (isTrusted === false ? UNTRUSTED : 1);
  });
  const mean = weights.reduce((sum, weight) => sum + weight, 0) / weights.length;
  return Float32Array.from(weights, (weight) => weight / mean);
}
