import * as tf from '@tensorflow/tfjs-core';
import { initializers, layers, type LayersModel, sequential } from '@tensorflow/tfjs-layers';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import type { BaseSpec } from '../../core/base-model.js';
import type { SnapshotSample } from '../../core/manifest.js';
import type { ActivationCache } from './activation-cache.js';
import { openBackend } from './backend.js';
import { Base } from './base.js';
import { TrainingRefused } from './errors.js';
import { savedFiles } from './joined-model.js';
import { loadModel } from './load-model.js';
import { readManifest } from './model-files.js';
import { seededRandom } from './random.js';
import type { OwnBase } from './own-base.js';
import { trainModel } from './train-model.js';
import type { ModelFiles, TrainingOptions } from './types.js';

const SIZE = 12;
const DIRECTIONS = ['across', 'down', 'rising'];
const input = { kind: 'image', width: SIZE, height: SIZE, channels: 1, pixels: 'zero-to-one' } as const;

/** Stripes of three directions with a phase and noise of their own: no pixel by itself says anything. */
async function stripes(count: number, seed: number): Promise<SnapshotSample[]> {
  const random = seededRandom(seed);
  return Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const [across, down] = [
        [0, 1],
        [1, 0],
        [1, 1],
      ][i % 3]! as [number, number];
      const phase = 4 * random.next();
      const pixels = Buffer.from(
        Array.from({ length: SIZE * SIZE }, (__, p) => {
          const place = across * (p % SIZE) + down * Math.floor(p / SIZE);
          return Math.min(
            255,
            Math.max(0, 128 + 70 * Math.sin((Math.PI / 2) * (place + phase)) + 40 * random.normal()),
          );
        }),
      );
      const png = await sharp(pixels, { raw: { width: SIZE, height: SIZE, channels: 1 } })
        .png()
        .toBuffer();
      const image = { contentType: 'image/png', base64: png.toString('base64') };
      const ids = {
        sampleId: `s${seed}-${i}`,
        contentHash: `c${seed}-${i}`,
        groupHash: `g${seed}-${i}`,
        revision: '1',
      };
      return { ...ids, label: DIRECTIONS[i % 3]!, split: 'train' as const, input: { image } };
    }),
  );
}

/** A network of random weights, which as it is tells little. */
function aNetwork(): LayersModel {
  const seeded = (seed: number) => ({ kernelInitializer: initializers.heNormal({ seed }) });
  return sequential({
    layers: [
      layers.conv2d({
        inputShape: [SIZE, SIZE, 1],
        filters: 4,
        kernelSize: 3,
        activation: 'relu',
        name: 'edges',
        ...seeded(1),
      }),
      layers.batchNormalization({ name: 'normal' }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.conv2d({ filters: 4, kernelSize: 3, activation: 'relu', name: 'parts', ...seeded(2) }),
      layers.globalAveragePooling2d({ name: 'means', dataFormat: 'channelsLast' }),
      layers.dense({ units: 5, activation: 'softmax', ...seeded(3) }),
    ],
  });
}

let network: ModelFiles;

async function ownBase(trainableFrom: string | null): Promise<OwnBase> {
  const spec: BaseSpec = { format: 'layers-model', input, outputLayer: null, trainableFrom };
  const base = await Base.open(network, spec, 'wasm');
  const inputs = { kind: 'base', of: 'image', spec, prefix: '', hash: 'hash', size: base.features } as const;
  return { base, inputs };
}

const activationsOf = async ({ base }: OwnBase, { input: read }: SnapshotSample) =>
  base.activationsOf(await base.numbers([read]));

const options: TrainingOptions = {
  seed: 1,
  settings: { halfLifeDays: null },
  onProgress: () => undefined,
  signal: new AbortController().signal,
};

async function accuracy(files: ModelFiles, samples: readonly SnapshotSample[]): Promise<number> {
  const model = await loadModel(files);
  const answers = await model.predict(samples.map((sample) => sample.input));
  model.dispose();
  return answers.filter(({ label }, i) => label === samples[i]!.label).length / samples.length;
}

describe('a base that is trained on', () => {
  let learnt: SnapshotSample[];
  let fresh: SnapshotSample[];

  beforeAll(async () => {
    await openBackend('wasm');
    network = await savedFiles(aNetwork());
    [learnt, fresh] = [await stripes(600, 1), await stripes(150, 2)];
  });

  it('is better than the frozen one on samples that neither has seen, and is served with its head', async () => {
    const own = await ownBase('edges');
    const [before] = await activationsOf(own, learnt[0]!);
    const { files, metrics } = await trainModel(learnt, options, own);
    expect(await activationsOf(own, learnt[0]!)).toEqual([before]);
    const { frozen, thawed, ...about } = metrics.thawing!;
    expect(about).toMatchObject({ from: 'edges' });
    expect(about.keptBack).toBeGreaterThan(90);
    expect(thawed!.accuracy).toBeGreaterThan(frozen!.accuracy);
    expect(thawed!.loss).toBeLessThan(0.8 * frozen!.loss);
    expect(readManifest(files)).toMatchObject({ thawedFrom: 'edges', labels: DIRECTIONS.toSorted() });
    expect(await accuracy(files, fresh)).toBeGreaterThan(frozen!.accuracy);
  }, 60_000);

  it('keeps what lies before the layer, and its batch normalisations, as they were', async () => {
    const { files } = await trainModel(learnt, options, await ownBase('parts'));
    const { weightsManifest } = JSON.parse(files.get('model.json')!.toString()) as {
      weightsManifest: { weights: tf.io.WeightsManifestEntry[] }[];
    };
    const weights = tf.io.decodeWeights(
      Uint8Array.from(files.get('weights.bin')!).buffer,
      weightsManifest.flatMap((group) => group.weights),
    );
    const before = aNetwork();
    for (const name of ['edges', 'normal', 'parts']) {
      const own = Object.keys(weights).filter((key) => key.startsWith(`${name}/`));
      const kept = before.getLayer(name).getWeights();
      const isSame = own.every((key) =>
        kept.some((tensor) => tensor.dataSync().join() === weights[key]!.dataSync().join()),
      );
      expect([name, isSame]).toEqual([name, name !== 'parts']);
    }
  }, 60_000);

  it('is the same bytes again, and a parent of what comes after', async () => {
    const few = learnt.slice(0, 160);
    const [one, two] = [
      await trainModel(few, options, await ownBase('edges')),
      await trainModel(few, options, await ownBase('edges')),
    ];
    expect(one.files).toEqual(two.files);
    const child = await trainModel(few, { ...options, parent: one.files }, await ownBase('edges'));
    expect(child.labels).toEqual(one.labels);
  }, 60_000);

  it('is left frozen where nothing is said, with few samples, and where training on makes nothing better', async () => {
    const frozen = await trainModel(learnt.slice(0, 300), options, await ownBase(null));
    expect(frozen.metrics.thawing).toBeUndefined();
    const few = await trainModel(learnt.slice(0, 60), options, await ownBase('edges'));
    expect(few.metrics.thawing).toBeUndefined();
    const random = seededRandom(3);
    const noise = learnt
      .slice(0, 300)
      .map((sample) => ({ ...sample, label: DIRECTIONS[Math.floor(3 * random.next())]! }));
    const own = await ownBase('edges');
    const [before] = await activationsOf(own, learnt[0]!);
    const { files, metrics } = await trainModel(noise, options, own);
    expect(await activationsOf(own, learnt[0]!)).toEqual([before]);
    if (metrics.thawing!.thawed === null) expect(readManifest(files).thawedFrom).toBeUndefined();
    expect(metrics.thawing!.frozen!.accuracy).toBeLessThan(0.5);
  }, 60_000);

  it('is not tried with a base so large that it would take hours', async () => {
    const large = sequential({
      layers: [
        layers.conv2d({ inputShape: [SIZE, SIZE, 1], filters: 800, kernelSize: 3, padding: 'same', name: 'edges' }),
        layers.conv2d({ filters: 400, kernelSize: 3, padding: 'same', strides: 1, name: 'parts' }),
        layers.globalAveragePooling2d({ name: 'means', dataFormat: 'channelsLast' }),
      ],
    });
    const spec: BaseSpec = { format: 'layers-model', input, outputLayer: null, trainableFrom: 'edges' };
    const base = await Base.open(await savedFiles(large), spec, 'wasm');
    const inputs = { kind: 'base', of: 'image', spec, prefix: '', hash: 'hash', size: base.features } as const;
    const cache = { get: () => new Float32Array(400).fill(1), add: () => undefined } as unknown as ActivationCache;
    const { metrics } = await trainModel(learnt.slice(0, 150), options, { base, inputs, cache });
    expect(metrics.thawing).toMatchObject({ epochs: 0, thawed: null });
    expect(metrics.thawing!.refused).toMatch(/^416 million multiplications/);
  });

  it('refuses a layer that is not there', async () => {
    const spec: BaseSpec = { format: 'layers-model', input, outputLayer: null, trainableFrom: 'nowhere' };
    await expect(Base.open(network, spec, 'wasm')).rejects.toThrow(TrainingRefused);
  });

  it('refuses weights that are no numbers, even where an input of zeros does not meet them', async () => {
    const spec: BaseSpec = { format: 'layers-model', input, outputLayer: null, trainableFrom: null };
    const weights = Buffer.from(network.get('weights.bin')!);
    weights.writeFloatLE(NaN, 0);
    const opened = Base.open(new Map([...network, ['weights.bin', weights]]), spec, 'wasm');
    await expect(opened).rejects.toThrow('not all of its weights are numbers');
  });
});
