import type { backend_util } from '@tensorflow/tfjs-core';
import { instantiated, laidFrom, PAGE } from './wasm-module.js';

/*
 * The WebAssembly side of the gradients of convolutions and of max pooling (kernels/convolutions.ts): one image at a
 * time in a memory of its own, so that what it takes does not grow with the batch.
 */

export type Conv2DInfo = ReturnType<typeof backend_util.computeConv2DInfo>;

interface Kernels {
  heapBase(): number;
  addFilterGradient(problem: number): void;
  addInputGradient(problem: number): void;
  addDepthwiseFilterGradient(problem: number): void;
  addDepthwiseInputGradient(problem: number): void;
  addPoolGradient(problem: number): void;
}
type Gradient = Exclude<keyof Kernels, 'heapBase'>;

/** Of the whole memory; one image of a layer takes a few of its thousandths. */
const MOST_PAGES = 2 ** 14;
const WORDS = 16;

let opened: { readonly kernels: Kernels; readonly memory: WebAssembly.Memory } | undefined;

function open() {
  if (opened) return opened;
  const memory = new WebAssembly.Memory({ initial: 1, maximum: MOST_PAGES });
  opened = { kernels: instantiated<Kernels>('convolutions', memory), memory };
  return opened;
}

interface Problem {
  readonly place: number;
  readonly image: Float32Array;
  readonly gradient: Float32Array;
  readonly filter: Float32Array;
  readonly to: Float32Array;
}

/** Floats in the kernels' memory, as many as asked for. They hold until the next call: memory may grow then. */
function lay<Lengths extends number[]>(...lengths: Lengths): { [Index in keyof Lengths]: Float32Array } {
  const { kernels, memory } = open();
  const { places, end } = laidFrom(
    kernels.heapBase(),
    lengths.map((length) => 4 * length),
  );
  const missing = Math.ceil(end / PAGE) - memory.buffer.byteLength / PAGE;
  if (missing > 0) memory.grow(missing);
  const views = places.map((place, i) => new Float32Array(memory.buffer, place, lengths[i]));
  return views as { [Index in keyof Lengths]: Float32Array };
}

/** One image's problem. */
function layProblem(info: Conv2DInfo, filterLength: number): Problem {
  const length = info.inHeight * info.inWidth * info.inChannels;
  const answers = info.outHeight * info.outWidth * info.outChannels;
  const [words, image, filter, to, gradient] = lay(WORDS, length, filterLength, length, answers);
  const places = [image, filter, to, gradient].map(({ byteOffset }) => byteOffset);
  new Int32Array(words.buffer, words.byteOffset, WORDS).set([...sizesOf(info), ...places]);
  return { place: words.byteOffset, image, gradient, filter, to };
}

/** As the kernels number them. */
export const sizesOf = (info: Conv2DInfo): number[] => [
  ...[info.inHeight, info.inWidth, info.inChannels, info.outHeight, info.outWidth, info.outChannels],
  ...[info.filterHeight, info.filterWidth, info.strideHeight, info.strideWidth],
  ...[info.padInfo.top, info.padInfo.left],
];

/** Of the filter of a convolution: from its inputs and the gradients of its answers, [batch, height, width, channels]. */
export function filterGradient(
  of: Extract<Gradient, 'addFilterGradient' | 'addDepthwiseFilterGradient'>,
  info: Conv2DInfo,
  { x, dy }: { readonly x: Float32Array; readonly dy: Float32Array },
  filter: Float32Array,
): void {
  const problem = layProblem(info, filter.length);
  problem.filter.fill(0);
  for (let i = 0; i < info.batchSize; i += 1) {
    problem.image.set(part(x, i, problem.image));
    problem.gradient.set(part(dy, i, problem.gradient));
    open().kernels[of](problem.place);
  }
  filter.set(problem.filter);
}

/** Of the inputs of a convolution or pooling: from the gradients of its answers, and its filter or its inputs. */
export function inputGradient(
  of: Exclude<Gradient, 'addFilterGradient' | 'addDepthwiseFilterGradient'>,
  info: Conv2DInfo,
  { x, dy, filter }: { readonly x?: Float32Array; readonly dy: Float32Array; readonly filter?: Float32Array },
  dx: Float32Array,
): void {
  const problem = layProblem(info, filter?.length ?? 0);
  if (filter) problem.filter.set(filter);
  for (let i = 0; i < info.batchSize; i += 1) {
    if (x) problem.image.set(part(x, i, problem.image));
    problem.gradient.set(part(dy, i, problem.gradient));
    problem.to.fill(0);
    open().kernels[of](problem.place);
    dx.set(problem.to, i * problem.to.length);
  }
}

/** An image of a batch. */
const part = (batch: Float32Array, image: number, { length }: Float32Array): Float32Array =>
  batch.subarray(image * length, (image + 1) * length);
