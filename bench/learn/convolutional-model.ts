import type { io } from '@tensorflow/tfjs-core';
import { openBackend } from '../../src/platform/model-runtime/backend.js';
import { imagePixels } from '../../src/platform/model-runtime/image-pixels.js';
import { modelFiles } from '../../src/platform/model-runtime/layers-model.js';
import type { ModelFiles } from '../../src/platform/model-runtime/types.js';
import type { Labelled } from './data.js';

const SHAPE = { width: 28, height: 28, channels: 1 } as const;
const PIXELS = 784;
const EPOCHS = 4;
const BATCH = 32;
export const FIRST_LAYER = 'edges';
const RATE = 2e-3;

/** A small convolutional network as others train theirs, by TensorFlow.js: files that POST /v1/models takes. */
export async function convolutionalModel(items: readonly Labelled[], seed: number): Promise<ModelFiles> {
  const { tf } = await openBackend('wasm');
  const { initializers, layers, sequential } = await import('@tensorflow/tfjs-layers');
  const labels = [...new Set(items.map(({ label }) => label))].sort();
  const seeded = (of: number) => ({ kernelInitializer: initializers.glorotUniform({ seed: seed * 10 + of }) });
  const model = sequential({
    layers: [
      layers.conv2d({
        inputShape: [28, 28, 1],
        filters: 8,
        kernelSize: 3,
        activation: 'relu',
        name: FIRST_LAYER,
        ...seeded(1),
      }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.conv2d({ filters: 16, kernelSize: 3, activation: 'relu', ...seeded(2) }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.flatten({ name: 'maps' }),
      layers.dense({ units: 64, activation: 'relu', ...seeded(3) }),
      layers.dense({ units: labels.length, activation: 'softmax', ...seeded(4) }),
    ],
  });
  model.compile({ optimizer: tf.train.adam(RATE), loss: 'sparseCategoricalCrossentropy' });
  const pixels = new Float32Array(items.length * PIXELS);
  for (const [i, { input }] of items.entries()) pixels.set(await imagePixels(input, 0, SHAPE), i * PIXELS);
  const targets = items.map(({ label }) => labels.indexOf(label));
  await model.fit(tf.tensor(pixels, [items.length, 28, 28, 1]), tf.tensor1d(targets, 'float32'), {
    epochs: EPOCHS,
    batchSize: BATCH,
    verbose: 0,
  });
  let files: ModelFiles = new Map();
  await model.save({
    save: async ({ modelTopology, weightSpecs, weightData }: io.ModelArtifacts) => {
      files = modelFiles(modelTopology as object, weightSpecs!, Buffer.from(weightData as ArrayBuffer));
      return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
    },
  });
  return files;
}
