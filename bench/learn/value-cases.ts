import { valueOf } from '../../src/core/task.js';
import type { Found } from './cases.js';
import { elecDemand, type Labelled, parted } from './data.js';
import { answers, learn } from './models.js';

const HELD_OUT = 5_000;

/** How much of the variance is explained, and how often the interval holds the truth. */
async function judged(train: readonly Labelled[], test: readonly Labelled[], seed: number, about: string) {
  const { files } = await learn(train, seed, { task: 'regression' });
  const given = await answers(files, test);
  const truths = test.map(({ label }) => valueOf(label));
  const mean = truths.reduce((sum, truth) => sum + truth, 0) / truths.length;
  const squares = (errors: readonly number[]): number => errors.reduce((sum, error) => sum + error ** 2, 0);
  const left = squares(truths.map((truth, i) => truth - given[i]!.value!));
  const held = given.filter(({ interval }, i) => interval!.low <= truths[i]! && truths[i]! <= interval!.high);
  return [
    { what: `${about}: explained`, value: 1 - left / squares(truths.map((truth) => truth - mean)) },
    { what: `${about}: in the 90 % interval`, value: held.length / test.length },
  ];
}

/** Demand for electricity from the day, the time, prices and the neighbour's demand; rows drawn at random. */
export async function demand(data: string, seed: number): Promise<Found[]> {
  const all = elecDemand(data);
  const { train, test } = parted(all, seed, HELD_OUT / all.length);
  const found: Found[] = [];
  for (const count of [2_000, 20_000])
    found.push(...(await judged(train.slice(0, count), test, seed, `${count.toLocaleString('en')} samples`)));
  return found;
}
