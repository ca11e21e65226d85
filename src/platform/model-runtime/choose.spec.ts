import { describe, expect, it } from 'vitest';
import type { SnapshotSample } from '../../core/manifest.js';
import { choose } from './choose.js';
import { labelGoal, valueGoal } from './goal.js';
import type { Learner } from './learner.js';
import { seededRandom } from './random.js';
import { trainModel } from './train-model.js';
import type { TrainingOptions } from './types.js';

const options: TrainingOptions = {
  seed: 1,
  settings: { halfLifeDays: null },
  onProgress: () => undefined,
  signal: new AbortController().signal,
};

/** Points of a plane with a label or value of their place. */
function points(count: number, labelOf: (x: number, y: number) => string): SnapshotSample[] {
  const random = seededRandom(4);
  return Array.from({ length: count }, (_, i) => {
    const [x, y] = [random.normal(), random.normal()];
    const ids = { sampleId: `s${i}`, contentHash: `c${i}`, groupHash: `g${i}`, revision: '1' };
    return { ...ids, label: labelOf(x, y), split: 'train' as const, input: { vector: [x, y] } };
  });
}

const choiceOf = async (samples: readonly SnapshotSample[], task: 'classification' | 'regression') =>
  (await trainModel(samples, { ...options, settings: { halfLifeDays: null, task } })).metrics.choice;

describe('among candidates', () => {
  it('a line is enough where a line divides the labels, or values are on a plane', async () => {
    const noise = seededRandom(5);
    const divided = points(400, (x, y) => (x + y + 0.8 * noise.normal() > 0 ? 'above' : 'below'));
    expect(await choiceOf(divided, 'classification')).toMatchObject({ chosen: 'linear' });
    const plane = points(400, (x, y) => String(3 * x - y + noise.normal()));
    expect(await choiceOf(plane, 'regression')).toMatchObject({ chosen: 'linear' });
  });

  it('a hidden layer is wanted where none does', async () => {
    const quarters = points(400, (x, y) => (x * y > 0 ? 'same sign' : 'other sign'));
    const choice = await choiceOf(quarters, 'classification');
    expect(choice!.chosen).toBe('hidden layer of 64');
    expect(choice!.candidates.map(({ name }) => name)).toEqual(['linear', 'hidden layer of 64']);
    expect(choice!.candidates[1]!.loss).toBeLessThan(choice!.candidates[0]!.loss);
    expect(
      await choiceOf(
        points(400, (x, y) => String(x * y)),
        'regression',
      ),
    ).toMatchObject({
      chosen: 'hidden layer of 64',
    });
  });

  it('there is no choice with few samples', async () => {
    expect(
      await choiceOf(
        points(200, (x) => (x > 0 ? 'a' : 'b')),
        'classification',
      ),
    ).toBeUndefined();
  });

  it('only samples that were not learnt from are asked about, and of equals the simplest is taken', async () => {
    const samples = points(400, (x) => (x > 0 ? 'a' : 'b'));
    const asked = new Set<number>();
    const learnt = new Set<number>();
    const candidate = (name: string): Learner => ({
      name,
      labels: ['a', 'b'],
      isHeir: false,
      fit: async ({ members }) => {
        members.forEach((member) => learnt.add(member));
        const answer = (i: number) => (asked.add(i), [0.5, 0.5]);
        return { finalLoss: 0, epochs: 1, answer, files: () => new Map() };
      },
    });
    const order = { importance: new Float32Array(400), seed: 1, effort: 1, isWarm: false, onProgress: () => undefined };
    const contest = { samples, goal: labelGoal(samples, ['a', 'b']), order };
    const { learner, choice } = await choose([candidate('one'), candidate('two')], contest);
    expect(learner.name).toBe('one');
    expect(choice!.candidates[0]!.loss).toBeCloseTo(Math.LN2, 5);
    expect(asked.size + learnt.size).toBe(400);
    expect([...asked].some((i) => learnt.has(i))).toBe(false);
  });

  it('the loss of values is the mean of squared errors in their own units', async () => {
    const samples = points(100, (x) => String(10 * x));
    const values = samples.map(({ label }) => Number(label));
    const asked = new Set<number>();
    const always = (name: string, value: number): Learner => ({
      name,
      labels: ['value'],
      isHeir: false,
      fit: async () => {
        const answer = (i: number) => (asked.add(i), [value]);
        return { finalLoss: 0, epochs: 1, answer, files: () => new Map() };
      },
    });
    const order = { importance: new Float32Array(100), seed: 1, effort: 1, isWarm: false, onProgress: () => undefined };
    const contest = { samples, goal: valueGoal(values), order };
    const { choice } = await choose([always('nought', 0), always('one', 1)], contest);
    const losses = [0, 1].map((value) => {
      const squares = [...asked].map((i) => (value - values[i]!) ** 2);
      return squares.reduce((sum, square) => sum + square, 0) / squares.length;
    });
    choice!.candidates.forEach(({ loss }, i) => expect(loss).toBeCloseTo(losses[i]!, 3));
  });
});
