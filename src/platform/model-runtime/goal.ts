import { sum } from '../../core/tally.js';
import type { Targets } from './sparse-rows.js';

/** Where values lie: they are learnt as (value - mean) / deviation. */
export interface Scale {
  readonly mean: number;
  readonly deviation: number;
}

/** What the samples are to be answered with. */
export interface Goal {
  /** One output each, in code unit order; of a regression {@link VALUE} alone. */
  readonly labels: readonly string[];
  /** By sample: the index of its label, or its value on the scale. */
  readonly targets: Targets;
  /** Of values; absent for labels. */
  readonly scale?: Scale;
}

/** Name of the one output of a regression. */
export const VALUE = 'value';

/** @param labels all that can be answered, those of the samples among them */
export function labelGoal(samples: readonly { readonly label: string }[], labels: readonly string[]): Goal {
  const indexOf = new Map(labels.map((label, index) => [label, index]));
  return { labels, targets: Int32Array.from(samples, ({ label }) => indexOf.get(label)!) };
}

/** @param values not all the same */
export function valueGoal(values: readonly number[]): Goal {
  const mean = sum(values) / values.length;
  const variance = sum(values.map((value) => (value - mean) ** 2)) / values.length;
  const scale = { mean, deviation: Math.sqrt(variance) };
  return { labels: [VALUE], targets: Float32Array.from(values, (value) => onScale(value, scale)), scale };
}

const onScale = (value: number, { mean, deviation }: Scale): number => (value - mean) / deviation;
export const offScale = (value: number, { mean, deviation }: Scale): number => value * deviation + mean;
