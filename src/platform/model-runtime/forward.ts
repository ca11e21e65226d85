import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { type Conv2DInfo, sizesOf } from './convolutions.js';
import { instantiated } from './wasm-module.js';

/*
 * The WebAssembly side of convolutions and normalisation forward (kernels/forward.ts). It works in the memory of
 * TensorFlow.js's backend, where images and filters lie already.
 */

interface Kernels {
  convolveListed(problem: number): void;
  convolveBlocks(problem: number): void;
  scaleAndShift(from: number, to: number, count: number, channels: number, factors: number): void;
}

/** The activations that are limits of an answer and no more. */
export const LIMITS: Readonly<Record<string, readonly [least: number, most: number]>> = {
  linear: [-Infinity, Infinity],
  relu: [0, Infinity],
  relu6: [0, 6],
};

/** An image of no more channels is a picture: hardly any of its numbers are 0. */
const FEW_CHANNELS = 4;
/** Words of a problem: twelve sizes, where image, filter, answers, biases and room lie, two limits. */
const WORDS = 19;
const [IMAGE, TO] = [12, 14];

let opened: Kernels | undefined;

/** TensorFlow.js does not give its memory away; it is where Emscripten puts what a module exports. */
const kernelsOf = ({ wasm }: BackendWasm): Kernels =>
  (opened ??= instantiated<Kernels>(
    'forward',
    (wasm as unknown as { asm: { memory: WebAssembly.Memory } }).asm.memory,
  ));

interface Given {
  readonly x: TensorInfo;
  readonly filter: TensorInfo;
  /** One number for each channel of the answers. */
  readonly bias?: TensorInfo | undefined;
}

/**
 * Answers of a convolution without dilation, of whole eights of channels, within these limits. Numbers of the image that are 0 may be left out, so
 * that filters must be finite. Each image is answered alone: neighbours in the batch do not change a bit.
 */
export function convolve(
  backend: BackendWasm,
  { x, filter, bias }: Given,
  info: Conv2DInfo,
  limits: readonly [number, number],
): TensorInfo {
  const answers = backend.makeOutput(info.outShape, 'float32');
  const isPicture = info.inChannels <= FEW_CHANNELS && info.outWidth >= 4;
  const room = isPicture ? paddedLength(info) : listsLength(info);
  const laid = backend.makeOutput([WORDS + info.outChannels + room], 'float32');
  // The last allocation is behind: places and views hold from here on.
  const problem = backend.typedArrayFromHeap(laid) as Float32Array;
  const noBias = problem.subarray(WORDS, WORDS + info.outChannels).fill(0);
  const biases = bias ? placeOf(backend, bias) : noBias.byteOffset;
  const places = [...[x, filter, answers].map((tensor) => placeOf(backend, tensor)), biases];
  const words = new Int32Array(problem.buffer, problem.byteOffset, WORDS);
  words.set([...sizesOf(info), ...places, noBias.byteOffset + noBias.byteLength]);
  problem.set(limits, WORDS - limits.length);
  const convolveOne = kernelsOf(backend)[isPicture ? 'convolveBlocks' : 'convolveListed'];
  for (let image = 0; image < info.batchSize; image += 1) {
    convolveOne(problem.byteOffset);
    words[IMAGE]! += 4 * info.inHeight * info.inWidth * info.inChannels;
    words[TO]! += 4 * info.outHeight * info.outWidth * info.outChannels;
  }
  backend.disposeData(laid.dataId);
  return answers;
}

const placeOf = (backend: BackendWasm, tensor: TensorInfo): number => backend.typedArrayFromHeap(tensor).byteOffset;

const listsLength = ({ inWidth, inChannels, filterHeight }: Conv2DInfo): number =>
  filterHeight * (inWidth + 1 + 2 * (inWidth * inChannels + 1));

const paddedLength = (info: Conv2DInfo): number =>
  ((info.outHeight - 1) * info.strideHeight + info.filterHeight) *
  ((info.outWidth - 1) * info.strideWidth + info.filterWidth) *
  info.inChannels;

/** Values times a factor and moved by a shift, both one number a channel: the last dimension. */
export function scaleAndShift(
  backend: BackendWasm,
  x: TensorInfo,
  factors: Float32Array,
  shifts: Float32Array,
): TensorInfo {
  const channels = factors.length;
  const answers = backend.makeOutput(x.shape, 'float32');
  const laid = backend.makeOutput([2 * channels], 'float32');
  const numbers = backend.typedArrayFromHeap(laid) as Float32Array;
  numbers.set(factors);
  numbers.set(shifts, channels);
  const [from, to] = [backend.typedArrayFromHeap(x), backend.typedArrayFromHeap(answers)];
  const count = from.length / channels;
  kernelsOf(backend).scaleAndShift(from.byteOffset, to.byteOffset, count, channels, numbers.byteOffset);
  backend.disposeData(laid.dataId);
  return answers;
}
