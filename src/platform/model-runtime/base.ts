import type { Tensor } from '@tensorflow/tfjs-core';
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { BaseSpec, ForeignInput } from '../../core/base-model.js';
import type { Input } from '../../core/input.js';
import { type BackendName, openBackend, type Tf } from './backend.js';
import type { DenseNetwork } from './dense-network.js';
import { InputMismatch, TrainingRefused } from './errors.js';
import { imagePixels } from './image-pixels.js';
import { joined, type Joined, savedFiles } from './joined-model.js';
import type { Activation } from './layers-model.js';
import { bytesOf, fileOf } from './model-files.js';
import { textInputs } from './text-inputs.js';
import type { ModelFiles } from './types.js';

/** Inputs that a base reads at once, between two turns of the event loop: a run can be cancelled there. */
const AT_ONCE = 8;

type Net = Awaited<ReturnType<typeof layersNet>>;

/** A frozen pre-trained model, cut before its answers: inputs in, activations out. */
export class Base {
  private constructor(
    readonly tf: Tf,
    readonly backend: BackendName,
    private readonly net: Net,
    readonly input: ForeignInput,
    /** How many numbers the activations of one input are. */
    readonly features: number,
  ) {}

  /** Throws {@link TrainingRefused} when the files make no model that reads such inputs. */
  static async open(
    files: ModelFiles,
    spec: BaseSpec<ForeignInput>,
    wanted: BackendName | 'auto' = 'auto',
  ): Promise<Base> {
    const { tf, backend } = await openBackend(wanted);
    const net = await (spec.format === 'layers-model' ? layersNet : graphNet)(tf, files, spec);
    if (!net.weights().every(areNumbers)) throw new TrainingRefused('not all of its weights are numbers');
    const probe = new Float32Array(numbersOf(spec.input));
    const activations = await run(tf, net, spec.input, probe);
    if (!activations.every(Number.isFinite)) throw new TrainingRefused('its activations of zeros are no numbers');
    return new Base(tf, backend, net, spec.input, activations.length);
  }

  /** Activations of inputs, in order, of which {@link numbers} were read. */
  async activationsOf(rows: readonly Float32Array[]): Promise<Float32Array[]> {
    const found: Float32Array[] = [];
    for (let from = 0; from < rows.length; from += AT_ONCE) {
      const joined = await this.joinedActivations(together(rows.slice(from, from + AT_ONCE)));
      found.push(...apart(joined, this.features));
      await new Promise((resume) => setImmediate(resume));
    }
    return found;
  }

  /** The same at once, one after the other as are the numbers of the inputs: so they travel between threads. */
  joinedActivations(numbers: Float32Array): Promise<Float32Array> {
    return run(this.tf, this.net, this.input, numbers);
  }

  /** Base and head as one LayersModel; undefined for a graph, which cannot be continued. */
  async withHead(head: DenseNetwork): Promise<Map<string, Buffer> | undefined> {
    const whole = await this.joinedWith(head, 'softmax');
    return whole && savedFiles(whole.model);
  }

  /** As {@link withHead}, not yet written down. */
  async joinedWith(head: DenseNetwork, activation: Activation): Promise<Joined | undefined> {
    return this.net.model && joined(this.net.model, this.net.output!, head, activation);
  }

  /** The layers of the base, to be trained on; undefined for a graph, whose nodes cannot be. */
  get layers(): LayersModel | undefined {
    return this.net.model;
  }

  /** What the base reads, of several inputs: their numbers as one tensor. */
  tensorOf(rows: readonly Float32Array[]): Tensor {
    return tensorOf(this.tf, this.input, together(rows));
  }

  /** What the base reads of each input. Throws {@link InputMismatch}. */
  numbers(inputs: readonly Input[]): Promise<Float32Array[]> {
    return Promise.all(inputs.map((input, index) => readNumbers(input, index, this.input)));
  }

  dispose(): void {
    this.net.dispose();
  }
}

/** Convolutions leave zeros out, and rely on it. */
const areNumbers = (weights: Tensor): boolean => (weights.dataSync() as Float32Array).every(Number.isFinite);

const shapeOf = (input: ForeignInput): readonly number[] =>
  input.kind === 'image' ? [input.height, input.width, input.channels] : [input.size];

/** How many numbers a base reads of an input. */
export const numbersOf = (input: ForeignInput): number => shapeOf(input).reduce((product, size) => product * size, 1);

/** What a base reads of an input. Throws {@link InputMismatch}. */
export async function readNumbers(input: Input, index: number, spec: ForeignInput): Promise<Float32Array> {
  if (spec.kind === 'vector') {
    if (!('vector' in input) || input.vector.length !== spec.size)
      throw new InputMismatch(index, `a vector of ${spec.size} numbers`);
    return Float32Array.from(input.vector);
  }
  if (spec.kind === 'text') {
    if (!('text' in input)) throw new InputMismatch(index, 'a text');
    return textInputs(input.text);
  }
  const pixels = await imagePixels(input, index, spec);
  if (spec.pixels === 'zero-to-one') return pixels;
  const [factor, shift] = spec.pixels === 'zero-to-255' ? [255, 0] : [2, -1];
  for (let i = 0; i < pixels.length; i += 1) pixels[i] = pixels[i]! * factor + shift;
  return pixels;
}

/** Rows of one length, one after the other. */
export function together(rows: readonly Float32Array[]): Float32Array {
  const width = rows[0]?.length ?? 0;
  const all = new Float32Array(rows.length * width);
  rows.forEach((row, i) => all.set(row, i * width));
  return all;
}

/** The rows again, on the same memory. */
export const apart = (all: Float32Array, width: number): Float32Array[] =>
  Array.from({ length: all.length / width }, (_, i) => all.subarray(i * width, (i + 1) * width));

function tensorOf(tf: Tf, spec: ForeignInput, numbers: Float32Array): Tensor {
  return tf.tensor(numbers, [numbers.length / numbersOf(spec), ...shapeOf(spec)]);
}

async function run(tf: Tf, net: Net, spec: ForeignInput, numbers: Float32Array): Promise<Float32Array> {
  const output = tf.tidy(() => {
    const found = net.answer(tensorOf(tf, spec, numbers));
    // Maps of features are averaged over their places.
    const pooled = found.rank === 4 ? tf.mean(found, [1, 2]) : found;
    return tf.reshape(pooled, [pooled.shape[0]!, -1]);
  });
  const values = (await output.data()) as Float32Array;
  output.dispose();
  return values;
}

interface ModelJson {
  readonly modelTopology: object;
  readonly weightsManifest: readonly { readonly paths: string[]; readonly weights: WeightSpec[] }[];
  readonly signature?: object;
}
type WeightSpec = { name: string; shape: number[]; dtype: 'float32' | 'int32' };

function artifactsOf(files: ModelFiles) {
  const model = JSON.parse(fileOf(files, 'model.json').toString('utf8')) as ModelJson;
  const bytes = model.weightsManifest.flatMap(({ paths }) => paths.map((path) => fileOf(files, path)));
  return {
    modelTopology: model.modelTopology,
    weightSpecs: model.weightsManifest.flatMap(({ weights }) => weights),
    weightData: Uint8Array.from(Buffer.concat(bytes)).buffer,
    ...(model.signature ? { signature: model.signature } : {}),
  };
}

async function layersNet(tf: Tf, files: ModelFiles, spec: BaseSpec<ForeignInput>) {
  const { outputLayer, trainableFrom, isWhole } = spec;
  const { loadLayersModel, model } = await import('@tensorflow/tfjs-layers');
  const whole = await refusing(() => loadLayersModel(tf.io.fromMemory(artifactsOf(files))));
  assertReads(whole, spec.input);
  const last = isWhole ? whole.layers.at(-1)! : lastBeforeAnswers(whole);
  if (trainableFrom) await refusing(() => whole.getLayer(trainableFrom));
  const layer = outputLayer === null ? last : await refusing(() => whole.getLayer(outputLayer));
  const cut = model({ inputs: whole.inputs, outputs: layer.output as SymbolicTensor });
  return {
    // Their shape is as it must be: `predict` would look again, and copy them first to answer them in parts.
    answer: (inputs: Tensor) => cut.apply(inputs, { training: false }) as Tensor,
    weights: () => whole.getWeights(),
    model: whole as LayersModel | undefined,
    output: layer.output as SymbolicTensor | undefined,
    dispose: () => void whole.dispose(),
  };
}

/** Throws {@link TrainingRefused}. A size that the model leaves open is any. */
function assertReads({ inputs }: LayersModel, input: ForeignInput): void {
  const given = shapeOf(input);
  const sizes = inputs[0]!.shape.slice(1);
  const isRead = sizes.length === given.length && sizes.every((size, i) => size === null || size === given[i]);
  if (inputs.length !== 1 || !isRead)
    throw new TrainingRefused(`the base reads inputs of ${sizes.join(' x ')}, not of ${given.join(' x ')}`);
}

/** A softmax at the end is about other labels: what comes before it is the representation. */
function lastBeforeAnswers({ layers }: LayersModel) {
  const isAnswer = (layer: (typeof layers)[number]): boolean => {
    const { activation } = layer.getConfig();
    return (
      ['Softmax', 'Activation', 'Dense'].includes(layer.getClassName()) && String(activation ?? 'softmax') === 'softmax'
    );
  };
  const last = layers.findLastIndex((layer) => !isAnswer(layer));
  return layers[Math.max(last, 0)]!;
}

async function graphNet(tf: Tf, files: ModelFiles, { outputLayer }: BaseSpec<ForeignInput>): Promise<Net> {
  const { loadGraphModel } = await import('@tensorflow/tfjs-converter');
  const graph = await refusing(() => loadGraphModel(tf.io.fromMemory(artifactsOf(files))));
  const nodes = outputLayer === null ? graph.outputNodes[0]! : outputLayer;
  return {
    answer: (inputs) => graph.execute(inputs, nodes) as Tensor,
    weights: () => Object.values(graph.weights).flat(),
    model: undefined,
    output: undefined,
    dispose: () => void graph.dispose(),
  };
}

/** What a foreign model makes TensorFlow.js throw is the model's fault. */
async function refusing<T>(make: () => T | Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (error) {
    throw new TrainingRefused(`the base cannot be used: ${(error as Error).message.split('\n')[0]}`);
  }
}

/** The head's own numbers, beside the whole: kernel and bias of each layer, one after the other. */
export const headBytes = (head: DenseNetwork): Buffer =>
  Buffer.concat(head.flatMap(({ kernel, bias }) => [bytesOf(kernel), bytesOf(bias)]));
