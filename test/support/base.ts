import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { initializers, layers, sequential } from '@tensorflow/tfjs-layers';

const IMAGE = { kind: 'image', width: 16, height: 16, channels: 1 };

/** A small convolutional network with an answer of its own at the end, as somebody might have trained it elsewhere. */
export async function aBase(seed: number) {
  const initial = (offset: number) => ({ kernelInitializer: initializers.heNormal({ seed: seed + offset }) });
  const net = sequential({
    layers: [
      layers.conv2d({
        inputShape: [16, 16, 1],
        filters: 4,
        kernelSize: 3,
        strides: 4,
        activation: 'relu',
        ...initial(0),
      }),
      layers.flatten(),
      layers.dense({ units: 10, activation: 'softmax', ...initial(1) }),
    ],
  });
  let model: object = {};
  const weights: Record<string, string> = {};
  await net.save(
    tf.io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData }) => {
      weights['group1-shard1of1.bin'] = Buffer.from(weightData as ArrayBuffer).toString('base64');
      const manifest = [{ paths: ['group1-shard1of1.bin'], weights: weightSpecs }];
      model = { format: 'layers-model', modelTopology, weightsManifest: manifest };
      return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' as const } };
    }),
  );
  return { name: 'edges', model, weights, input: IMAGE };
}
