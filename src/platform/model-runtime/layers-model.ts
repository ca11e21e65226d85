import { bytesOf, jsonFile } from './model-files.js';

/** One weight of a TensorFlow.js LayersModel, as its weights manifest lists it. */
export interface NamedWeights {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

type Layer = Readonly<{
  class_name: string;
  name: string;
  config: object;
  inbound_nodes: readonly unknown[];
}>;

const WEIGHTS_FILE = 'weights.bin';

/** `model.json` and the weights beside it: what `tf.loadLayersModel(url of model.json)` reads. */
export function layersModelFiles(topology: object, weights: readonly NamedWeights[]): Map<string, Buffer> {
  const specs = weights.map(({ name, shape }) => ({ name, shape, dtype: 'float32' }));
  return modelFiles(topology, specs, Buffer.concat(weights.map(({ values }) => bytesOf(values))));
}

/** As {@link layersModelFiles}, from the weights as they are written: their specs and their bytes, in the same order. */
export function modelFiles(topology: object, specs: readonly object[], body: Buffer): Map<string, Buffer> {
  const model = {
    format: 'layers-model',
    generatedBy: 'flywheel',
    convertedBy: null,
    modelTopology: topology,
    weightsManifest: [{ paths: [WEIGHTS_FILE], weights: specs }],
  };
  return new Map([
    [WEIGHTS_FILE, body],
    ['model.json', jsonFile(model)],
  ]);
}

/** What the last sums become: probabilities of labels, or (as they are) a value. */
export type Activation = 'softmax' | 'linear';

/** Sizes of a head's layers, that of its input first, and what its last sums become. */
export interface HeadShape {
  readonly sizes: readonly number[];
  readonly activation: Activation;
}

/**
 * ids [n, L] int32 and weights [n, L] float32 (pad with id 0, weight 0) -> probabilities or values [n, classes].
 * The Dot layer contracts L of [n, L] with L of [n, L, classes].
 */
export function textTopology(rows: number, classes: number, activation: Activation): object {
  const table = {
    input_dim: rows,
    output_dim: classes,
    embeddings_initializer: { class_name: 'Zeros', config: {} },
    mask_zero: false,
    input_length: null,
    batch_input_shape: [null, null],
  };
  return functional(
    [
      layer('InputLayer', 'ids', { batch_input_shape: [null, null], dtype: 'int32', sparse: false }, []),
      layer('InputLayer', 'weights', { batch_input_shape: [null, null], dtype: 'float32', sparse: false }, []),
      layer('Embedding', 'table', table, ['ids']),
      layer('Dot', 'sum', { axes: [1, 1], normalize: false }, ['weights', 'table']),
      layer('Activation', 'probabilities', { activation }, ['sum']),
    ],
    ['ids', 'weights'],
  );
}

/** A convolution (stride 1, same padding, relu) and the average pooling after it. */
export interface ConvolutionWeights {
  /** [size, size, 1, filters], row-major. */
  readonly kernel: Float32Array;
  readonly filters: number;
  readonly size: number;
  readonly pool: number;
}

/** pixels [n, height, width, 1] float32 in [0, 1] -> probabilities or values [n, last size], by way of the convolution. */
export function imageTopology(
  { width, height }: { width: number; height: number },
  { filters, size, pool }: ConvolutionWeights,
  head: HeadShape,
): object {
  const shape = { batch_input_shape: [null, height, width, 1], dtype: 'float32', sparse: false };
  const convolution = {
    filters,
    kernel_size: [size, size],
    strides: [1, 1],
    padding: 'same',
    data_format: 'channels_last',
    activation: 'relu',
    use_bias: false,
    kernel_initializer: { class_name: 'Zeros', config: {} },
    trainable: false,
  };
  const pooling = { pool_size: [pool, pool], strides: [pool, pool], padding: 'valid', data_format: 'channels_last' };
  const layers = [
    layer('InputLayer', 'pixels', shape, []),
    layer('Conv2D', 'base', convolution, ['pixels']),
    layer('AveragePooling2D', 'cells', pooling, ['base']),
    layer('Flatten', 'features', { data_format: 'channels_last' }, ['cells']),
  ];
  return functional([...layers, ...denseLayers(head)], ['pixels']);
}

/** features [n, sizes[0]] float32 -> probabilities or values [n, last size]: relu between. */
export function denseTopology(head: HeadShape): object {
  const input = layer(
    'InputLayer',
    'features',
    { batch_input_shape: [null, head.sizes[0]], dtype: 'float32', sparse: false },
    [],
  );
  return functional([input, ...denseLayers(head)], ['features']);
}

const denseLayers = ({ sizes, activation }: HeadShape): Layer[] =>
  sizes.slice(1).map((units, i) => {
    const config = {
      units,
      activation: i === sizes.length - 2 ? activation : 'relu',
      use_bias: true,
      kernel_initializer: { class_name: 'Zeros', config: {} },
      bias_initializer: { class_name: 'Zeros', config: {} },
    };
    return layer('Dense', `dense_${i}`, config, [i === 0 ? 'features' : `dense_${i - 1}`]);
  });

function layer(class_name: string, name: string, config: object, inputs: readonly string[]): Layer {
  const inbound_nodes = inputs.length > 0 ? [inputs.map((from) => [from, 0, 0, {}])] : [];
  return { class_name, name, config: { name, trainable: true, ...config }, inbound_nodes };
}

function functional(layers: readonly Layer[], inputs: readonly string[]): object {
  const outputs = [[layers.at(-1)!.name, 0, 0]];
  const config = {
    name: 'flywheel',
    layers,
    input_layers: inputs.map((name) => [name, 0, 0]),
    output_layers: outputs,
  };
  return { class_name: 'Model', config, keras_version: 'tfjs-layers 4.22.0', backend: 'tensor_flow.js' };
}
