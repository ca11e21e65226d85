import type { BaseSpec } from '../../core/base-model.js';
import type { Input } from '../../core/input.js';
import { headBytes } from './base.js';
import { type DenseNetwork, forward, sizesOf } from './dense-network.js';
import { InputMismatch } from './errors.js';
import { type ImageShape, imagePixels, pixelsIn } from './image-pixels.js';
import {
  type Activation,
  type HeadShape,
  denseTopology,
  imageTopology,
  layersModelFiles,
  type NamedWeights,
} from './layers-model.js';
import { fileOf, floatsOf, jsonFile } from './model-files.js';
import { gradientConvolution, gradientCount, orientedGradients } from './oriented-gradients.js';
import type { ServedBase } from './served-base.js';
import { answersIn, softmaxInPlace } from './softmax.js';
import type { Answer, ModelFiles, SummingModel } from './types.js';

/** How an input becomes the numbers a dense network reads. */
export type DenseInputs =
  | { readonly kind: 'vector'; readonly size: number }
  | BaseInputs
  /** Without a base the pixels themselves are read, as the first image models did. */
  | { readonly kind: 'image'; readonly shape: ImageShape; readonly base?: 'oriented-gradients' };

/** Inputs read by way of a project's own base. */
export interface BaseInputs {
  readonly kind: 'base';
  /** What the base reads. */
  readonly of: 'image' | 'vector';
  readonly spec: BaseSpec;
  /** Where its files are, and what they are. */
  readonly prefix: string;
  readonly hash: string;
  /** How many numbers its activations are. */
  readonly size: number;
}

export interface DenseWeights {
  readonly labels: readonly string[];
  readonly inputs: DenseInputs;
  /** On raw inputs: the standardisation is folded into the first layer. */
  readonly network: DenseNetwork;
  /** The last layer was divided by it, so that confidences are true to what was measured; 1 where there is none. */
  readonly temperature: number;
}

/** `featuriser.json` of a vector or image model. */
type DenseFeaturiserFile = DenseInputs & { readonly sizes: readonly number[]; readonly temperature?: number };

/** How many numbers the network reads. */
export function widthOf(inputs: DenseInputs): number {
  if (inputs.kind !== 'image') return inputs.size;
  return inputs.base ? gradientCount(inputs.shape) : pixelsIn(inputs.shape);
}

/** Whether weights on the one mean the same on the other. */
export const areSameInputs = (one: DenseInputs, other: DenseInputs): boolean =>
  widthOf(one) === widthOf(other) && sourceOf(one) === sourceOf(other);

const sourceOf = (inputs: DenseInputs): string | undefined =>
  inputs.kind === 'base' ? inputs.hash : inputs.kind === 'image' ? inputs.base : inputs.kind;

/** The files of a dense model but for the manifest. */
export function encodeDenseModel({
  inputs,
  network,
  temperature,
  activation = 'softmax',
}: DenseWeights & { readonly activation?: Activation }): ModelFiles {
  const sizes = sizesOf(network);
  const weights = network.flatMap(({ inputs: from, units, kernel, bias }, i) => [
    { name: `dense_${i}/kernel`, shape: [from, units], values: kernel },
    { name: `dense_${i}/bias`, shape: [units], values: bias },
  ]);
  const about: DenseFeaturiserFile = { ...inputs, sizes, temperature };
  const files = layersFiles(inputs, { sizes, activation }, weights).set('featuriser.json', jsonFile(about));
  return inputs.kind === 'base' ? files.set('head.bin', headBytes(network)) : files;
}

/**
 * Oriented gradients are the first layer of a LayersModel that reads pixels. A project's own base is put before the head
 * where TensorFlow.js is at hand: until then, and for graphs, the LayersModel reads activations.
 */
function layersFiles(inputs: DenseInputs, head: HeadShape, weights: readonly NamedWeights[]) {
  if (inputs.kind !== 'image' || !inputs.base) return layersModelFiles(denseTopology(head), weights);
  const base = gradientConvolution();
  const kernel = { name: 'base/kernel', shape: [base.size, base.size, 1, base.filters], values: base.kernel };
  return layersModelFiles(imageTopology(inputs.shape, base, head), [kernel, ...weights]);
}

export function decodeDenseModel(files: ModelFiles, labels: readonly string[]): DenseWeights {
  const about = JSON.parse(fileOf(files, 'featuriser.json').toString('utf8')) as DenseFeaturiserFile;
  const { sizes, temperature = 1, ...inputs } = about;
  const values = floatsOf(fileOf(files, inputs.kind === 'base' ? 'head.bin' : 'weights.bin'));
  let at = inputs.kind === 'image' && inputs.base ? gradientConvolution().kernel.length : 0;
  const take = (count: number): Float32Array => values.subarray(at, (at += count));
  const network = sizes.slice(1).map((units, i) => {
    const from = sizes[i]!;
    return { inputs: from, units, kernel: take(from * units), bias: take(units) };
  });
  return { labels, inputs, network, temperature };
}

/** The numbers of one input, or an {@link InputMismatch}. */
export async function denseFeatures(
  input: Input,
  index: number,
  inputs: Exclude<DenseInputs, BaseInputs>,
): Promise<ArrayLike<number>> {
  if (inputs.kind === 'image') {
    const pixels = await imagePixels(input, index, inputs.shape);
    return inputs.base ? orientedGradients(pixels, inputs.shape) : pixels;
  }
  if (!('vector' in input) || input.vector.length !== inputs.size || !input.vector.every(Number.isFinite)) {
    throw new InputMismatch(index, `a vector of ${inputs.size} numbers`);
  }
  return input.vector;
}

/** Serves a small dense network without TensorFlow.js, which only a project's own base needs. */
export class DenseModel implements SummingModel {
  readonly kind: 'vector' | 'image';
  readonly labels: readonly string[];
  private readonly answer: (probabilities: Float64Array) => Answer;

  constructor(
    private readonly weights: DenseWeights,
    private readonly base?: ServedBase,
  ) {
    this.kind = weights.inputs.kind === 'base' ? weights.inputs.of : weights.inputs.kind;
    this.labels = weights.labels;
    this.answer = answersIn(this.labels);
  }

  async predict(inputs: readonly Input[]): Promise<Answer[]> {
    return (await this.sums(inputs)).map((sums) => {
      softmaxInPlace(sums);
      return this.answer(sums);
    });
  }

  async sums(inputs: readonly Input[]): Promise<Float64Array[]> {
    return (await this.features(inputs)).map((features) => forward(this.weights.network, features));
  }

  dispose(): void {
    this.base?.dispose();
  }

  private features(inputs: readonly Input[]): Promise<ArrayLike<number>[]> {
    const { inputs: how } = this.weights;
    return how.kind === 'base'
      ? this.base!.activations(inputs)
      : Promise.all(inputs.map((input, index) => denseFeatures(input, index, how)));
  }
}
