import type { FieldError } from './errors.js';

/** How an input becomes the tensor that a base reads. */
export type BaseInput =
  | {
      readonly kind: 'image';
      readonly width: number;
      readonly height: number;
      readonly channels: 1 | 3;
      readonly pixels: 'zero-to-one' | 'minus-one-to-one' | 'zero-to-255';
    }
  | { readonly kind: 'vector'; readonly size: number };

/** The same of a whole model that another program made: it may also read the numbers that a text is hashed into. */
export type ForeignInput = BaseInput | { readonly kind: 'text'; readonly size: number; readonly version: number };

/** A pre-trained model whose activations heads are trained on. */
export interface BaseSpec<Reads extends ForeignInput = BaseInput> {
  readonly format: 'layers-model' | 'graph-model';
  readonly input: Reads;
  /** Layer (or node) whose output is read; null: the last one before the answers. */
  readonly outputLayer: string | null;
  /** The layer from which on the base is trained together with its head; absent or null: it is frozen. */
  readonly trainableFrom?: string | null;
  /** All of the model is read, its answers included. */
  readonly isWhole?: boolean;
}

/** Layers whose answers agree on every backend, and that run no code of their own. */
const LAYERS = new Set(
  [
    'InputLayer,Dense,Conv1D,Conv2D,DepthwiseConv2D,SeparableConv2D,BatchNormalization,LayerNormalization,Activation',
    'ReLU,LeakyReLU,PReLU,ELU,Softmax,MaxPooling1D,MaxPooling2D,AveragePooling1D,AveragePooling2D,GlobalMaxPooling1D',
    'GlobalMaxPooling2D,GlobalAveragePooling1D,GlobalAveragePooling2D,Flatten,Reshape,Permute,Dropout,SpatialDropout1D',
    'ZeroPadding2D,Cropping2D,UpSampling2D,Add,Multiply,Average,Maximum,Concatenate,GaussianNoise,GaussianDropout',
  ].flatMap((line) => line.split(',')),
);

/** Models may hold models. */
const CONTAINERS = new Set(['Sequential', 'Model', 'Functional']);

const OPERATIONS = new Set(
  [
    'Placeholder,Const,Identity,NoOp,Conv2D,DepthwiseConv2dNative,_FusedConv2D,FusedDepthwiseConv2dNative,BiasAdd,MatMul',
    '_FusedMatMul,FusedBatchNorm,FusedBatchNormV2,FusedBatchNormV3,Relu,Relu6,LeakyRelu,Prelu,Elu,Selu,Sigmoid,Tanh',
    'Softmax,Add,AddV2,AddN,Sub,Mul,RealDiv,Maximum,Minimum,Square,Rsqrt,Sqrt,MaxPool,AvgPool,Mean,Max,Sum,Reshape',
    'Squeeze,ExpandDims,Pad,PadV2,Concat,ConcatV2,Pack,Shape,StridedSlice,Slice,Transpose,Cast,ResizeBilinear,ResizeNearestNeighbor',
  ].flatMap((line) => line.split(',')),
);

const MOST_LAYERS = 2_000;
const MOST_WEIGHTS = 20_000;
const DEEPEST = 4;
const FILE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
/** manifest.json and the like are ours. */
const OURS = new Set(['model.json', 'base.json']);

/**
 * Everything wrong with a model.json and the weights beside it, before anything is made of them: what it consists of,
 * where its files lie, and whether there are as many bytes as its shapes say. The model may come from anywhere.
 * @param files size in bytes of each weights file by name
 */
export function faultsOfBase(modelJson: unknown, files: ReadonlyMap<string, number>): FieldError[] {
  const model = asRecord(modelJson);
  const topology = asRecord(model?.modelTopology);
  if (!model || !topology) return [{ pointer: '/model/modelTopology', detail: 'is no object' }];
  const parts = 'node' in topology ? faultsOfGraph(topology.node) : faultsOfLayers(topology);
  return [...parts, ...faultsOfWeights(model.weightsManifest, files)].slice(0, 20);
}

export const formatOf = (modelJson: unknown): BaseSpec['format'] =>
  'node' in (asRecord(asRecord(modelJson)?.modelTopology) ?? {}) ? 'graph-model' : 'layers-model';

function faultsOfGraph(nodes: unknown): FieldError[] {
  const pointer = '/model/modelTopology/node';
  if (!Array.isArray(nodes) || nodes.length === 0 || nodes.length > MOST_LAYERS)
    return [{ pointer, detail: `is no list of 1 to ${MOST_LAYERS} nodes` }];
  return nodes.flatMap((node: unknown, i) => {
    const op = asRecord(node)?.op;
    return typeof op === 'string' && OPERATIONS.has(op)
      ? []
      : [{ pointer: `${pointer}/${i}/op`, detail: `${said(op)} is not among the operations allowed` }];
  });
}

function faultsOfLayers(topology: Readonly<Record<string, unknown>>): FieldError[] {
  const root = asRecord(topology.model_config) ?? topology;
  if (!isContainer(root)) return [{ pointer: '/model/modelTopology', detail: 'is no model of layers' }];
  const faults = faultsOfContainer(root, '/model/modelTopology', 0);
  return faults.length > MOST_LAYERS ? [{ pointer: '/model/modelTopology', detail: 'holds too many layers' }] : faults;
}

const isContainer = (part: unknown): boolean => CONTAINERS.has(String(asRecord(part)?.class_name));

function faultsOfContainer(container: unknown, pointer: string, depth: number): FieldError[] {
  const config = asRecord(container)?.config;
  const layers = Array.isArray(config) ? config : asRecord(config)?.layers;
  if (!Array.isArray(layers)) return [{ pointer, detail: 'has no layers' }];
  if (layers.length > MOST_LAYERS || depth > DEEPEST) return [{ pointer, detail: 'holds too many layers' }];
  return layers.flatMap((layer: unknown, i) => {
    const at = `${pointer}/config/layers/${i}`;
    if (isContainer(layer)) return faultsOfContainer(layer, at, depth + 1);
    const name = asRecord(layer)?.class_name;
    const isKnown = typeof name === 'string' && LAYERS.has(name);
    return isKnown ? [] : [{ pointer: at, detail: `${said(name)} is not among the layers allowed` }];
  });
}

function faultsOfWeights(manifest: unknown, files: ReadonlyMap<string, number>): FieldError[] {
  const pointer = '/model/weightsManifest';
  if (!Array.isArray(manifest) || manifest.length === 0) return [{ pointer, detail: 'is no list of groups' }];
  const named = new Set<string>();
  const faults = manifest.flatMap((group: unknown, g) =>
    faultsOfGroup(asRecord(group), `${pointer}/${g}`, files, named),
  );
  const unnamed = [...files.keys()].filter((name) => !named.has(name));
  return [...faults, ...unnamed.map((name) => ({ pointer: `/weights/${name}`, detail: 'no group names this file' }))];
}

function faultsOfGroup(
  group: Readonly<Record<string, unknown>> | undefined,
  pointer: string,
  files: ReadonlyMap<string, number>,
  named: Set<string>,
): FieldError[] {
  const { paths, weights } = group ?? {};
  if (!Array.isArray(paths) || !Array.isArray(weights) || weights.length > MOST_WEIGHTS)
    return [{ pointer, detail: 'has no paths and weights' }];
  const faults: FieldError[] = [];
  let bytes = 0;
  paths.forEach((path: unknown, i) => {
    const at = `${pointer}/paths/${i}`;
    if (typeof path !== 'string' || !FILE_NAME.test(path) || OURS.has(path))
      faults.push({ pointer: at, detail: 'is no plain file name' });
    else if (named.has(path)) faults.push({ pointer: at, detail: `${path} is named twice` });
    else if (!files.has(path)) faults.push({ pointer: at, detail: `there is no file ${path}` });
    else bytes += files.get(path)!;
    if (typeof path === 'string') named.add(path);
  });
  const sizes = weights.map(bytesOfWeight);
  sizes.forEach((size, i) => {
    if (size === undefined)
      faults.push({ pointer: `${pointer}/weights/${i}`, detail: 'is no float32 or int32 weight with a shape' });
  });
  const expected = sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
  if (faults.length === 0 && expected !== bytes)
    faults.push({ pointer, detail: `its weights have ${expected} bytes, its files ${bytes}` });
  return faults;
}

function bytesOfWeight(weight: unknown): number | undefined {
  const { name, shape, dtype, quantization } = asRecord(weight) ?? {};
  const isPlain = typeof name === 'string' && (dtype === 'float32' || dtype === 'int32') && quantization === undefined;
  if (!isPlain || !Array.isArray(shape) || !shape.every((n) => Number.isInteger(n) && n > 0)) return undefined;
  const numbers = (shape as number[]).reduce((product, n) => product * n, 1);
  return Number.isSafeInteger(numbers) ? numbers * 4 : undefined;
}

const said = (value: unknown): string => (typeof value === 'string' ? value.slice(0, 100) : 'what is there');

const asRecord = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
