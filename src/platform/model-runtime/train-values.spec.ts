import * as tf from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';
import '@tensorflow/tfjs-backend-cpu';
import { describe, expect, it } from 'vitest';
import type { Input } from '../../core/input.js';
import type { SnapshotSample } from '../../core/manifest.js';
import { TrainingRefused } from './errors.js';
import { loadModel } from './load-model.js';
import { readManifest } from './model-files.js';
import { seededRandom } from './random.js';
import { trainModel } from './train-model.js';
import type { ErrorsOutOfFold, ModelFiles, TrainingOptions } from './types.js';

const options = (over: Partial<TrainingOptions> = {}): TrainingOptions => ({
  seed: 1,
  settings: { halfLifeDays: null, task: 'regression' },
  onProgress: () => undefined,
  signal: new AbortController().signal,
  ...over,
});

const aSample = (input: Input, value: number, i: number): SnapshotSample => ({
  sampleId: `s${i}`,
  label: String(value),
  split: 'train',
  contentHash: `c${i}`,
  groupHash: `g${i}`,
  revision: '1',
  input,
});

const NOISE = 10;

/** 1000 + 300 x - 200 max(0, y), on inputs of very different scales, with normal noise of 10. */
function planes(count: number, seed: number): SnapshotSample[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, i) => {
    const [x, y] = [random.normal(), random.normal()];
    const value = 1_000 + 300 * x - 200 * Math.max(0, y) + NOISE * random.normal();
    return aSample({ vector: [1e4 * x, 1e-3 * y, 5] }, value, i);
  });
}

const PRICES: Readonly<Record<string, number>> = {
  kettle: 30,
  bicycle: 400,
  sofa: 700,
  lamp: 25,
  old: -20,
  leather: 90,
};

/** Things for sale: the price is the sum of what the words are worth. */
function offers(count: number, seed: number): SnapshotSample[] {
  const random = seededRandom(seed);
  const words = Object.keys(PRICES);
  return Array.from({ length: count }, (_, i) => {
    const said = Array.from({ length: 3 }, () => words[Math.floor(random.next() * words.length)]!);
    return aSample(
      { text: said.join(' ') },
      said.reduce((sum, word) => sum + PRICES[word]!, 0),
      i,
    );
  });
}

/** Mean of squared errors as a share of the variance. */
async function unexplained(files: ModelFiles, samples: readonly SnapshotSample[]): Promise<number> {
  const answers = await (await loadModel(files)).predict(samples.map(({ input }) => input));
  const truths = samples.map(({ label }) => Number(label));
  const mean = truths.reduce((sum, truth) => sum + truth, 0) / truths.length;
  const squares = (values: number[]): number => values.reduce((sum, value) => sum + value ** 2, 0);
  return squares(answers.map(({ value }, i) => value! - truths[i]!)) / squares(truths.map((truth) => truth - mean));
}

const outOfFoldOf = async (samples: readonly SnapshotSample[]): Promise<ErrorsOutOfFold> =>
  (await trainModel(samples, options())).metrics.outOfFold as ErrorsOutOfFold;

describe('a regression', () => {
  it('learns values from vectors, down to their noise', async () => {
    const { files, labels, metrics } = await trainModel(planes(800, 1), options());
    expect(labels).toEqual([]);
    expect(readManifest(files)).toMatchObject({ task: 'regression', labels: [], counts: {} });
    const random = planes(300, 2);
    expect(await unexplained(files, random)).toBeLessThan(0.01);
    expect((metrics.outOfFold as ErrorsOutOfFold).error.explained).toBeGreaterThan(0.97);
  });

  it('learns values from texts', async () => {
    const { files } = await trainModel(offers(400, 3), options());
    expect(await unexplained(files, offers(100, 4))).toBeLessThan(0.05);
  });

  it('answers with an interval that holds the truth as often as it says', async () => {
    const { files } = await trainModel(planes(800, 5), options());
    const fresh = planes(1_000, 6);
    const answers = await (await loadModel(files)).predict(fresh.map(({ input }) => input));
    const held = answers.filter(({ interval }, i) => {
      const truth = Number(fresh[i]!.label);
      return interval!.low <= truth && truth <= interval!.high;
    });
    expect(answers[0]!.interval!.level).toBe(0.9);
    // Out of fold fewer samples were learnt from, so it errs on the side of too wide.
    expect(held.length / fresh.length).toBeGreaterThan(0.87);
  });

  it.each([
    ['vectors', planes(300, 7)],
    ['texts', offers(60, 8)],
  ])('of %s is the LayersModel', async (_, samples) => {
    const { files } = await trainModel(samples, options());
    const inputs = samples.slice(0, 20).map(({ input }) => input);
    const answers = await (await loadModel(files)).predict(inputs);
    const expected = await asLayersModel(files, inputs);
    const largest = Math.max(...answers.map(({ value }) => Math.abs(value!)));
    answers.forEach(({ value }, i) => expect(Math.abs(value! - expected[i]!) / largest).toBeLessThan(1e-5));
  });

  it('starts from its parent, whatever the scale of the new values', async () => {
    const parent = await trainModel(planes(600, 9), options());
    const samples = planes(600, 10).map((sample) => ({ ...sample, label: String(Number(sample.label) + 500) }));
    const [child, alone] = [
      await trainModel(samples, options({ parent: parent.files })),
      await trainModel(samples, options()),
    ];
    expect(child.files).not.toEqual(alone.files);
    const fresh = planes(300, 11).map((sample) => ({ ...sample, label: String(Number(sample.label) + 500) }));
    expect(await unexplained(child.files, fresh)).toBeLessThan(0.01);
  });

  it('has nothing from a parent that answers with labels', async () => {
    const samples = planes(100, 12);
    const classes = samples.map((sample, i) => ({ ...sample, label: i % 2 === 0 ? 'a' : 'b' }));
    const parent = await trainModel(classes, options({ settings: { halfLifeDays: null } }));
    const [one, two] = [
      await trainModel(samples, options({ parent: parent.files })),
      await trainModel(samples, options()),
    ];
    expect(one.files).toEqual(two.files);
  });

  it('asks about values that are far off and leaves none out', async () => {
    const samples = planes(200, 13).map((sample, i) => (i === 50 ? { ...sample, label: '99999' } : sample));
    const { suspects } = await outOfFoldOf(samples);
    expect(suspects[0]).toMatchObject({ sampleId: 's50', label: '99999', isFlagged: true });
    expect((await trainModel(samples, options())).metrics.trainSamples).toBe(200);
  });

  it('refuses what is no value, and values that are all the same', async () => {
    const texts = planes(50, 14).map((sample, i) => (i === 7 ? { ...sample, label: 'cat' } : sample));
    await expect(trainModel(texts, options())).rejects.toThrow('"cat" is no number');
    const same = planes(50, 15).map((sample) => ({ ...sample, label: '5' }));
    await expect(trainModel(same, options())).rejects.toThrow(TrainingRefused);
  });

  it('is the same bytes for the same samples, seed and parent', async () => {
    const [one, two] = [await trainModel(offers(80, 16), options()), await trainModel(offers(80, 16), options())];
    expect(one.files).toEqual(two.files);
  });
});

async function asLayersModel(files: ModelFiles, inputs: readonly Input[]): Promise<number[]> {
  await tf.setBackend('cpu');
  const { modelTopology, weightsManifest } = JSON.parse(files.get('model.json')!.toString()) as {
    modelTopology: object;
    weightsManifest: { weights: tf.io.WeightsManifestEntry[] }[];
  };
  const weightData = Uint8Array.from(files.get('weights.bin')!).buffer;
  const weightSpecs = weightsManifest.flatMap(({ weights }) => weights);
  const model = await loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs, weightData }));
  const given = inputs.map((input) => input as { vector?: number[]; text?: string });
  if (given[0]!.vector) {
    const output = model.predict(tf.tensor2d(given.map(({ vector }) => vector!))) as tf.Tensor;
    return [...output.dataSync()];
  }
  const { decodeTextModel } = await import('./text-model.js');
  const { featuriser } = decodeTextModel(files, ['value']);
  return given.map(({ text }) => {
    const { ids, weights } = featuriser.featurise(text!);
    const read = [tf.tensor2d([...ids], [1, ids.length], 'int32'), tf.tensor2d([...weights], [1, ids.length])];
    return (model.predict(read) as tf.Tensor).dataSync()[0]!;
  });
}
