import { createHash } from 'node:crypto';
import * as tf from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Input } from '../../core/input.js';
import type { SnapshotSample } from '../../core/manifest.js';
import { InputMismatch, ModelFilesCorrupt, TrainingCancelled, TrainingRefused } from './errors.js';
import { loadModel } from './load-model.js';
import { readManifest, withProvenance } from './model-files.js';
import { prepare } from './prepare.js';
import { seededRandom } from './random.js';
import { decodeTextModel } from './text-model.js';
import { trainModel } from './train-model.js';
import { TrainingPace } from './training-pace.js';
import type { LabelsOutOfFold, ModelFiles, TrainedModel, TrainingOptions } from './types.js';

const PHRASES: Readonly<Record<string, readonly string[]>> = {
  delivery: [
    'where is my parcel',
    'my package has not come',
    'when does the parcel arrive',
    'the courier lost my package',
    'track a parcel',
  ],
  refund: ['i want my money back', 'give me a refund', 'how do i get a refund', 'pay me back', 'the refund is missing'],
  password: [
    'i forgot my password',
    'reset the password',
    'i cannot log in',
    'my login does not work',
    'change password',
  ],
};

const aSample = (input: Input, label: string, i = 0): SnapshotSample => ({
  sampleId: `s${i}`,
  label,
  split: 'train',
  contentHash: '',
  groupHash: `g${i}`,
  revision: '1',
  input,
});
const options = (over: Partial<TrainingOptions> = {}): TrainingOptions => ({
  seed: 1,
  settings: { halfLifeDays: null },
  onProgress: () => undefined,
  signal: new AbortController().signal,
  ...over,
});
const textSamples = (...labels: string[]): SnapshotSample[] =>
  labels.flatMap((label) => PHRASES[label]!.map((text, i) => aSample({ text }, label, i)));
const train = (samples: readonly SnapshotSample[], over: Partial<TrainingOptions> = {}) =>
  trainModel(samples, options(over));

/** Three clouds of points around different means, on very different scales. */
function vectorSamples(count: number, seed = 3): SnapshotSample[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, i) => {
    const cloud = i % 3;
    const vector = [cloud * 4 + random.normal(), 1000 * (cloud === 1 ? 3 : 0) + 1000 * random.normal(), 7];
    return aSample({ vector }, `cloud-${cloud}`, i);
  });
}

/** Small pictures that are bright on the left or on the right. */
async function imageSamples(count: number): Promise<SnapshotSample[]> {
  const random = seededRandom(9);
  return Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const right = i % 2 === 1;
      const pixels = Buffer.from(
        Array.from({ length: 256 }, (_, p) => (p % 16 > 7 === right ? 200 : 20) + 40 * random.next()),
      );
      const png = await sharp(pixels, { raw: { width: 16, height: 16, channels: 1 } })
        .png()
        .toBuffer();
      return aSample(
        { image: { contentType: 'image/png', base64: png.toString('base64') } },
        right ? 'right' : 'left',
        i,
      );
    }),
  );
}

/** The model as a browser gets it: model.json and the weights behind it. */
function asLayersModel(files: ModelFiles) {
  const model = JSON.parse(files.get('model.json')!.toString()) as {
    modelTopology: object;
    weightsManifest: tf.io.WeightsManifestConfig;
  };
  const weightData = Uint8Array.from(files.get('weights.bin')!).buffer;
  const weightSpecs = model.weightsManifest[0]!.weights;
  return loadLayersModel(tf.io.fromMemory({ modelTopology: model.modelTopology, weightSpecs, weightData }));
}

async function shareRight(files: ModelFiles, samples: readonly SnapshotSample[]): Promise<number> {
  const answers = await (await loadModel(files)).predict(samples.map(({ input }) => input));
  return answers.filter(({ label }, i) => label === samples[i]!.label).length / samples.length;
}

beforeAll(async () => {
  await import('@tensorflow/tfjs-backend-cpu');
  await tf.setBackend('cpu');
});

describe('a text model', () => {
  const samples = textSamples('delivery', 'refund', 'password');

  it('learns, and answers with probabilities of all labels', async () => {
    const model = await loadModel((await train(samples)).files);
    const [answer] = await model.predict([{ text: 'Where is my PACKAGE?' }]);
    expect(answer!.label).toBe('delivery');
    expect(Object.keys(answer!.scores)).toEqual(['delivery', 'password', 'refund']);
    expect(Object.values(answer!.scores).reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 9);
    expect(answer!.confidence).toBe(answer!.scores.delivery);
  });

  it('is the same bytes for the same seed', async () => {
    const [one, two, other] = [await train(samples), await train(samples), await train(samples, { seed: 2 })];
    expect([...one.files]).toEqual([...two.files]);
    expect(one.files.get('weights.bin')).not.toEqual(other.files.get('weights.bin'));
  });

  it('grows by a new label and keeps the old ones', async () => {
    const parent = await train(textSamples('delivery', 'refund'));
    const child = await train(samples, { parent: parent.files });
    expect(child.labels).toEqual(['delivery', 'password', 'refund']);
    expect(await shareRight(child.files, samples)).toBe(1);
  });

  it('keeps what the parent knows about a label and words that are gone from the samples', async () => {
    const parent = await train(samples);
    const child = await train(textSamples('delivery', 'refund'), { parent: parent.files });
    expect(child.labels).toContain('password');
    expect(await shareRight(child.files, textSamples('password'))).toBeGreaterThanOrEqual(0.8);
  });

  it('gives the same probabilities as a LayersModel', async () => {
    const { files, labels } = await train(samples);
    const texts = ['where is my refund', 'password', 'words nobody has seen', ''];
    const answers = await (await loadModel(files)).predict(texts.map((text) => ({ text })));
    const { featuriser } = decodeTextModel(files, labels);
    const rows = texts.map((text) => featuriser.featurise(text));
    const longest = Math.max(...rows.map(({ ids }) => ids.length));
    const padded = (values: ArrayLike<number>): number[] => Array.from({ length: longest }, (_, i) => values[i] ?? 0);
    const layers = await asLayersModel(files);
    const ids = tf.tensor2d(
      rows.map((row) => padded(row.ids)),
      [texts.length, longest],
      'int32',
    );
    const weights = tf.tensor2d(rows.map((row) => padded(row.weights)));
    const expected = (await (layers.predict([ids, weights]) as tf.Tensor2D).array()) as number[][];
    answers.forEach(({ scores }, i) =>
      labels.forEach((label, c) => expect(Math.abs(scores[label]! - expected[i]![c]!)).toBeLessThan(1e-5)),
    );
  });

  it('is refused when a file was changed', async () => {
    const { files } = await train(samples);
    const weights = Buffer.from(files.get('weights.bin')!);
    weights[5]! ^= 1;
    await expect(loadModel(new Map([...files, ['weights.bin', weights]]))).rejects.toThrow(ModelFilesCorrupt);
  });

  it('does not read vectors', async () => {
    const model = await loadModel((await train(samples)).files);
    const asked = model.predict([{ text: 'refund' }, { vector: [1] }]);
    await expect(asked).rejects.toThrow(InputMismatch);
    await expect(asked).rejects.toMatchObject({ index: 1, expected: 'a text' });
  });

  it('says where it comes from', async () => {
    const { files } = await train(samples);
    const provenance = { snapshotSha256: 'abc', parentVersion: 3, codeVersion: '0.1.0' };
    const manifest = readManifest(withProvenance(files, provenance));
    expect(manifest).toMatchObject({
      kind: 'text',
      seed: 1,
      snapshotSha256: 'abc',
      parent: 3,
      codeVersion: '0.1.0',
    });
    expect(manifest.counts).toEqual({ delivery: 5, password: 5, refund: 5 });
  });
});

describe('a vector model', () => {
  it.each([
    ['softmax regression', 60],
    ['a hidden layer', 330],
  ] as const)('learns by %s, repeats, and is the LayersModel', async (_, count) => {
    const samples = vectorSamples(count);
    const trained = await train(samples);
    expect([...(await train(samples)).files]).toEqual([...trained.files]);
    const fresh = vectorSamples(90, 5);
    expect(await shareRight(trained.files, fresh)).toBeGreaterThan(0.9);
    await expectSameAsLayers(
      trained.files,
      fresh,
      fresh.map(({ input }) => (input as { vector: number[] }).vector),
    );
  });

  it('starts from its parent and grows', async () => {
    const samples = vectorSamples(60);
    const parent = await train(samples.filter(({ label }) => label !== 'cloud-2'));
    const child = await train(samples, { parent: parent.files });
    expect(child.labels).toEqual(['cloud-0', 'cloud-1', 'cloud-2']);
    expect(await shareRight(child.files, samples)).toBeGreaterThan(0.9);
  });

  it('judges anew only what is new to its parent, and looks at the samples less often', async () => {
    const samples = vectorSamples(420).map((sample, i) => ({ ...sample, revision: String(i + 1) }));
    const parent = await train(samples.slice(0, 400));
    const child = await train(samples, { parent: parent.files, kept: parent.kept! });
    const anew = await train(samples, { parent: parent.files });
    const judged = ({ metrics }: TrainedModel) => metrics.outOfFold as LabelsOutOfFold;
    expect([parent, child, anew].map((model) => judged(model).samples)).toEqual([400, 400, 420]);
    expect(judged(child).accuracy).toBeCloseTo(judged(anew).accuracy!, 1);
    expect(child.metrics.epochs).toBeLessThan(anew.metrics.epochs);
    expect(child.map!.ids).toEqual(samples.map(({ sampleId }) => sampleId));
    expect(child.kept).toMatchObject({ upTo: '420' });
    expect(child.kept!.since).toHaveLength(20);
    expect(await shareRight(child.files, samples)).toBeGreaterThan(0.95);
  });

  it('believes a label that is new to its parent, and learns it with all looks', async () => {
    const samples = vectorSamples(420).map((sample, i) => ({
      ...sample,
      ...(i >= 400 && { label: 'rain', input: { vector: [9, -9, i / 100] } }),
      revision: String(i + 1),
    }));
    const parent = await train(samples.slice(0, 400));
    const child = await train(samples, { parent: parent.files, kept: parent.kept! });
    const anew = await train(samples, { parent: parent.files });
    expect(child.kept!.believed).toEqual(Array.from({ length: 20 }, (_, i) => 400 + i));
    expect(anew.kept!.believed).toEqual([]);
    expect(child.metrics.epochs).toBe(anew.metrics.epochs);
    expect(await shareRight(child.files, samples.slice(400))).toBe(1);
  });

  it('goes on from a parent of the same layers alone', async () => {
    const parent = (await train(vectorSamples(60))).files;
    const prepared = await prepare(vectorSamples(400), options({ parent }), new TrainingPace(options().signal));
    expect(prepared.candidates.map(({ name, isHeir }) => [name, isHeir])).toEqual([
      ['linear', true],
      ['hidden layer of 64', false],
    ]);
  });

  it('leaves out a few samples of another size or kind, and says which', async () => {
    const odd = [aSample({ vector: [1, 2] }, 'cloud-0', 77), aSample({ text: 'x' }, 'cloud-1', 78)];
    const { metrics } = await train([...vectorSamples(60), ...odd]);
    const first = [
      { sampleId: 's77', reason: 'is a vector of 2 numbers, most are a vector of 3 numbers' },
      { sampleId: 's78', reason: 'is of the kind text, most are a vector of 3 numbers' },
    ];
    expect(metrics).toMatchObject({ trainSamples: 60, excluded: { samples: 2, first } });
  });

  it('refuses when not few samples are of another size', async () => {
    const odd = [...vectorSamples(9), ...[1, 2].map((n) => aSample({ vector: [n] }, 'cloud-0', 70 + n))];
    await expect(train(odd)).rejects.toThrow('2 of 11 samples cannot be read, the first is s71');
  });
});

describe('an image model', () => {
  it('learns, is the LayersModel, and refuses what is no image', async () => {
    const samples = await imageSamples(24);
    const { files } = await train(samples);
    expect(await shareRight(files, samples)).toBe(1);
    const { imagePixels } = await import('./image-pixels.js');
    const shape = { width: 28, height: 28, channels: 1 } as const;
    const pixels = await Promise.all(samples.map(async ({ input }, i) => [...(await imagePixels(input, i, shape))]));
    await expectSameAsLayers(files, samples, pixels, [28, 28, 1]);
    const broken = { image: { contentType: 'image/png', base64: 'AAAA' } };
    const { metrics } = await train([...samples, aSample(broken, samples[0]!.label, 99)]);
    expect(metrics.excluded).toEqual({ samples: 1, first: [{ sampleId: 's99', reason: 'is no image/png' }] });
    await expect((await loadModel(files)).predict([broken])).rejects.toThrow(InputMismatch);
  });
});

async function expectSameAsLayers(
  files: ModelFiles,
  samples: readonly SnapshotSample[],
  features: number[][],
  shape?: readonly number[],
) {
  await tf.setBackend('cpu');
  const layers = await asLayersModel(files);
  const expected = (await (
    layers.predict(tf.tensor(features.flat(), [features.length, ...(shape ?? [features[0]!.length])])) as tf.Tensor2D
  ).array()) as number[][];
  const answers = await (await loadModel(files)).predict(samples.map(({ input }) => input));
  answers.forEach(({ scores }, i) =>
    Object.values(scores).forEach((p, c) => expect(Math.abs(p - expected[i]![c]!)).toBeLessThan(1e-5)),
  );
}

describe('judging labels', () => {
  it('leaves nothing out of clean data, and makes confidences true', async () => {
    const { metrics } = await train(vectorSamples(600));
    expect(metrics.outOfFold).toMatchObject({ pruned: 0, alarms: [] });
    expect((metrics.outOfFold as LabelsOutOfFold).accuracy).toBeGreaterThan(0.93);
    expect((metrics.outOfFold as LabelsOutOfFold).calibrationError.after).toBeLessThan(0.05);
  });
});

describe('training', () => {
  it.each([
    ['too few samples', textSamples('refund').slice(0, 3), 'too few samples: 3, at least 4 are needed'],
    ['one label', textSamples('refund'), 'the label refund'],
    ['several kinds', [...textSamples('refund'), aSample({ vector: [1] }, 'other')], 'cannot be read'],
    ['references', ['a', 'b', 'a', 'b'].map((label) => aSample({ blob: 's3://x' }, label)), 'references'],
  ])('refuses %s', async (_, samples, reason) => {
    await expect(train(samples)).rejects.toThrow(TrainingRefused);
    await expect(train(samples)).rejects.toThrow(reason);
  });

  it('stops when cancelled', async () => {
    const cancelled = new AbortController();
    const many = Array.from({ length: 20_000 }, () => textSamples('delivery', 'refund')).flat();
    const running = train(many, { signal: cancelled.signal, onProgress: () => cancelled.abort() });
    await expect(running).rejects.toThrow(TrainingCancelled);
  });

  /**
   * A model can be made again from its manifest on another machine and another Node: these hashes were found on Node 20,
   * 22 and 24. They change with the method, and then models of before can only be made again by the code of before
   * (`codeVersion` in their manifest).
   */
  it.each([
    [
      'texts',
      () => textSamples('delivery', 'refund', 'password'),
      '2be72ea29d16e6b5f7b2fae05dc52b788c0f8316b9d8a93df5edc293e9260bdf',
    ],
    ['vectors', () => vectorSamples(400), '7e27e398f0e5474601e1e7030d95a8ce31dab099aa573dd2873a45323cf3530c'],
  ])('makes the same bytes of the same %s wherever it runs', async (_, samples, expected) => {
    const { files } = await train(samples());
    expect(createHash('sha256').update(files.get('weights.bin')!).digest('hex')).toBe(expected);
  });
});
