import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { type Conv2DInfo, sizesOf } from './convolutions.js';
import { bytesOf } from './model-files.js';
import { instantiated } from './wasm-module.js';

/*
 * The WebAssembly side of convolutions, normalisation and means forward (kernels/forward.ts). It works in the memory of
 * TensorFlow.js's backend, where images and filters lie already.
 */

interface Kernels {
  layPanels(problem: number): void;
  convolveListed(problem: number): void;
  convolveBlocks(problem: number): void;
  scaleAndShift(from: number, to: number, count: number, channels: number, factors: number): void;
  meanOfPlaces(from: number, to: number, rows: number, width: number, channels: number): void;
}

/** The activations that are limits of an answer and no more. */
export const LIMITS: Readonly<Record<string, readonly [least: number, most: number]>> = {
  linear: [-Infinity, Infinity],
  relu: [0, Infinity],
  relu6: [0, 6],
};

/** An image of no more channels is a picture: hardly any of its numbers are 0. */
const FEW_CHANNELS = 4;
/** Words of a problem: twelve sizes, where image, filter, answers, biases, room, panels and picks lie, two limits, three of the kernels' own. */
const WORDS = 24;
const LIMITS_AT = 19;
const [IMAGE, TO] = [12, 14];
/** Channels of answers whose weights lie side by side. */
const PANEL = 32;
/** A byte that stands for no number. */
const NOTHING = 255;

/** For each choice among four numbers, as bits: where the bytes of those that are chosen lie in them. */
const PICKS = Uint8Array.from({ length: 16 * 16 }, (_, i) => {
  const chosen = [0, 1, 2, 3].filter((lane) => (i >> 4) & (1 << lane));
  const lane = chosen[(i & 15) >> 2];
  return lane === undefined ? NOTHING : 4 * lane + (i & 3);
});

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
  const lengths = isPicture
    ? [WORDS, info.outChannels, paddedLength(info)]
    : [WORDS, info.outChannels, listsLength(info), panelsLength(info), PICKS.length / 4];
  const laid = backend.makeOutput([lengths.reduce((sum, length) => sum + length)], 'float32');
  // The last allocation is behind: places and views hold from here on.
  const problem = backend.typedArrayFromHeap(laid) as Float32Array;
  const [words, noBias, ...rooms] = piecesOf(problem, lengths);
  noBias!.fill(0);
  if (!isPicture) bytesOf(rooms[2]!).set(PICKS);
  const biases = bias ? placeOf(backend, bias) : noBias!.byteOffset;
  const places = [...[x, filter, answers].map((tensor) => placeOf(backend, tensor)), biases];
  const integers = integersOf(words!);
  integers.set([...sizesOf(info), ...places, ...rooms.map(({ byteOffset }) => byteOffset)]);
  words!.set(limits, LIMITS_AT);
  answerEach(kernelsOf(backend), isPicture, integers, info);
  backend.disposeData(laid.dataId);
  return answers;
}

function answerEach(kernels: Kernels, isPicture: boolean, words: Int32Array, info: Conv2DInfo): void {
  if (!isPicture) kernels.layPanels(words.byteOffset);
  for (let image = 0; image < info.batchSize; image += 1) {
    kernels[isPicture ? 'convolveBlocks' : 'convolveListed'](words.byteOffset);
    words[IMAGE]! += 4 * info.inHeight * info.inWidth * info.inChannels;
    words[TO]! += 4 * info.outHeight * info.outWidth * info.outChannels;
  }
}

/** Views of pieces of these lengths, one after the other. */
function piecesOf(whole: Float32Array, lengths: readonly number[]): Float32Array[] {
  let from = 0;
  return lengths.map((length) => whole.subarray(from, (from += length)));
}

const integersOf = ({ buffer, byteOffset, length }: Float32Array): Int32Array =>
  new Int32Array(buffer, byteOffset, length);

const placeOf = (backend: BackendWasm, tensor: TensorInfo): number => backend.typedArrayFromHeap(tensor).byteOffset;

const listsLength = ({ inWidth, inChannels, filterHeight }: Conv2DInfo): number =>
  filterHeight * (inWidth + 1 + 2 * (inWidth * inChannels + 1));

/** As layPanels in kernels/forward.ts fills it. */
const panelsLength = ({ filterHeight, filterWidth, inChannels, outChannels }: Conv2DInfo): number => {
  const wide = Math.min(PANEL, outChannels);
  return filterHeight * filterWidth * inChannels * wide * Math.ceil(outChannels / wide);
};

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

/** Means of images over their places, channel by channel, whole fours: [batch, height, width, channels] -> [batch, channels]. */
export function meanOfPlaces(backend: BackendWasm, x: TensorInfo): TensorInfo {
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const means = backend.makeOutput([batch, channels], 'float32');
  const [from, to] = [placeOf(backend, x), placeOf(backend, means)];
  const { meanOfPlaces: meanOf } = kernelsOf(backend);
  for (let i = 0; i < batch; i += 1)
    meanOf(from + 4 * i * height * width * channels, to + 4 * i * channels, height, width, channels);
  return means;
}
