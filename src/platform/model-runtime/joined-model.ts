import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { DenseNetwork } from './dense-network.js';
import { type Activation, modelFiles } from './layers-model.js';

type Dense = ReturnType<(typeof import('@tensorflow/tfjs-layers'))['layers']['dense']>;

/** A base and the layers of a head on top of it. */
export interface Joined {
  readonly model: LayersModel;
  readonly head: readonly Dense[];
}

/** Base and head as one LayersModel; what is trained in the base's layers is trained in both. */
export async function joined(
  base: LayersModel,
  output: SymbolicTensor,
  head: DenseNetwork,
  activation: Activation,
): Promise<Joined> {
  const { layers, model } = await import('@tensorflow/tfjs-layers');
  const tf = await import('@tensorflow/tfjs-core');
  // As a base brings its activations to rows. Names of its own: TensorFlow.js would count up, and never write the same bytes.
  const name = 'head_input';
  const toRow = { 2: undefined, 4: layers.globalAveragePooling2d({ name, dataFormat: 'channelsLast' }) };
  const flat = output.shape.length in toRow ? toRow[output.shape.length as 2 | 4] : layers.flatten({ name });
  let values = flat ? (flat.apply(output) as SymbolicTensor) : output;
  const dense = head.map(({ units }, i) =>
    layers.dense({ units, name: `head_${i}`, activation: i === head.length - 1 ? activation : 'relu' }),
  );
  for (const layer of dense) values = layer.apply(values) as SymbolicTensor;
  const whole = model({ name: 'flywheel', inputs: base.inputs, outputs: values });
  dense.forEach((layer, i) => {
    const { inputs, units, kernel, bias } = head[i]!;
    layer.setWeights([tf.tensor2d(kernel, [inputs, units]), tf.tensor1d(bias)]);
  });
  return { model: whole, head: dense };
}

/** `model.json` and the weights of a model. */
export async function savedFiles(model: LayersModel): Promise<Map<string, Buffer>> {
  let files = new Map<string, Buffer>();
  await model.save({
    save: async ({ modelTopology, weightSpecs, weightData }) => {
      files = modelFiles(modelTopology as object, weightSpecs!, Buffer.from(weightData as ArrayBuffer));
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' as const } };
    },
  });
  return files;
}
