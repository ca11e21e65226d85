import {
  backend_util,
  type Conv2DBackpropFilterAttrs,
  type Conv2DBackpropInputAttrs,
  type DepthwiseConv2dNativeBackpropFilterAttrs,
  type DepthwiseConv2dNativeBackpropInputAttrs,
  getKernel,
  type MaxPoolGradAttrs,
  type NamedAttrMap,
  type NamedTensorInfoMap,
  registerKernel,
  type TensorInfo,
  unregisterKernel,
} from '@tensorflow/tfjs-core';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { type Conv2DInfo, windowsOf } from './convolution-windows.js';

/*
 * What TensorFlow.js 4.22 lacks or gets wrong on its WebAssembly backend, until a release brings it:
 *
 * - gradients of the filters of convolutions, and both gradients of depthwise ones, are missing;
 * - MaxPoolGrad begins its search for the maximum at the smallest positive float, so that windows of negative numbers
 *   alone get no gradient;
 * - convolutions with padding "same" and strides larger than their filter answer with zeros or noise, unless the padding
 *   is given in numbers;
 * - the gradient of a convolution's input is right and slow.
 *
 * All tensors are [batch, height, width, channels].
 */

type Shape4 = [number, number, number, number];

interface Call<Attrs> {
  readonly inputs: NamedTensorInfoMap;
  readonly attrs: Attrs;
  readonly backend: BackendWasm;
}

let areRegistered = false;

/** Once a process; the WebAssembly backend must have been imported. */
export function registerWasmKernels(): void {
  if (areRegistered) return;
  areRegistered = true;
  for (const name of ['MaxPoolGrad', 'Conv2DBackpropInput']) unregisterKernel(name, 'wasm');
  register('MaxPoolGrad', maxPoolGrad);
  register('Conv2DBackpropFilter', convolutionFilterGrad);
  register('Conv2DBackpropInput', convolutionInputGrad);
  register('DepthwiseConv2dNativeBackpropFilter', depthwiseFilterGrad);
  register('DepthwiseConv2dNativeBackpropInput', depthwiseInputGrad);
  for (const name of ['Conv2D', 'FusedConv2D', 'DepthwiseConv2dNative', 'FusedDepthwiseConv2D']) padInNumbers(name);
}

const register = <Attrs>(kernelName: string, kernel: (call: Call<Attrs>) => TensorInfo): void =>
  registerKernel({ kernelName, backendName: 'wasm', kernelFunc: (call) => kernel(call as unknown as Call<Attrs>) });

interface PaddedAttrs {
  readonly pad: backend_util.ExplicitPadding | 'valid' | 'same' | number;
  readonly strides: number | [number, number];
  readonly dilations: number | [number, number];
}

/** Lets a kernel see padding "same" as the numbers that it stands for, where it would go wrong otherwise. */
function padInNumbers(kernelName: string): void {
  const original = getKernel(kernelName, 'wasm');
  unregisterKernel(kernelName, 'wasm');
  registerKernel({
    ...original,
    kernelFunc: (call) => {
      const { inputs, attrs } = call as unknown as Call<PaddedAttrs & Record<string, unknown>>;
      const pad = paddingOf(inputs.x!.shape, inputs.filter!.shape, attrs);
      return original.kernelFunc({ ...call, attrs: { ...attrs, pad } as unknown as NamedAttrMap });
    },
  });
}

function paddingOf(input: readonly number[], filter: readonly number[], attrs: PaddedAttrs): PaddedAttrs['pad'] {
  const [down, across] = typeof attrs.strides === 'number' ? [attrs.strides, attrs.strides] : attrs.strides;
  if (attrs.pad !== 'same' || (down <= filter[0]! && across <= filter[1]!)) return attrs.pad;
  const shapes = [input as Shape4, filter as Shape4] as const;
  const { padInfo } = backend_util.computeConv2DInfo(
    ...shapes,
    attrs.strides,
    attrs.dilations,
    'same',
    undefined,
    true,
  );
  return [
    [0, 0],
    [padInfo.top, padInfo.bottom],
    [padInfo.left, padInfo.right],
    [0, 0],
  ];
}

/** Values of a tensor in place. Taken after the last allocation: when memory grows, earlier views are cut off. */
const valuesOf = (backend: BackendWasm, tensor: TensorInfo): Float32Array =>
  backend.typedArrayFromHeap(tensor) as Float32Array;

/** Zeros, to be added to. */
function zeros(backend: BackendWasm, shape: readonly number[]): TensorInfo {
  const tensor = backend.makeOutput([...shape], 'float32');
  valuesOf(backend, tensor).fill(0);
  return tensor;
}

/** The first of the largest inputs of each window gets the gradient of its answer. */
function maxPoolGrad({ inputs, attrs, backend }: Call<MaxPoolGradAttrs>): TensorInfo {
  const { dy, input } = inputs as { dy: TensorInfo; input: TensorInfo };
  const { filterSize, strides, pad, dimRoundingMode } = attrs;
  const info = backend_util.computePool2DInfo(input.shape as Shape4, filterSize, strides, 1, pad, dimRoundingMode);
  const dx = zeros(backend, input.shape);
  const [x, from, to] = [valuesOf(backend, input), valuesOf(backend, dy), valuesOf(backend, dx)];
  const windows = windowsOf(info);
  const { inChannels: channels } = info;
  for (let answer = 0; answer < from.length; answer += 1) {
    const { begin, end, base } = windows.at(Math.floor(answer / channels));
    const first = base + (answer % channels);
    let best = first + windows.places[begin]!;
    for (let k = begin + 1; k < end; k += 1) {
      const place = first + windows.places[k]!;
      if (x[place]! > x[best]!) best = place;
    }
    to[best]! += from[answer]!;
  }
  return dx;
}

/** Floats of unrolled windows that are multiplied at once. */
const MOST_UNROLLED = 2 ** 21;

/**
 * Windows unrolled to columns (Chellapilla et al. 2006), then one product a part of the batch: columns times dy is the
 * gradient of the filter. Nothing is transposed in a product: the backend's is many times slower then.
 */
function convolutionFilterGrad({ inputs, attrs, backend }: Call<Conv2DBackpropFilterAttrs>): TensorInfo {
  const { x, dy } = inputs as { x: TensorInfo; dy: TensorInfo };
  const { strides, pad, dimRoundingMode, filterShape } = attrs;
  const info = backend_util.computeConv2DInfo(x.shape as Shape4, filterShape, strides, 1, pad, dimRoundingMode);
  const filter = zeros(backend, filterShape);
  forEachPart(info, backend, dy, (range, part) => {
    const unrolled = zeros(backend, [1, widthOf(info), range.to - range.from]);
    unroll(info, range, valuesOf(backend, x), valuesOf(backend, unrolled));
    const product = multiplied(backend, unrolled, part);
    addTo(valuesOf(backend, filter), valuesOf(backend, product));
    return [unrolled, product];
  });
  return filter;
}

/** Windows of the batch, in the order of its answers. */
interface Range {
  readonly from: number;
  readonly to: number;
}

/** Inputs that one window of a convolution reads. */
const widthOf = ({ filterHeight, filterWidth, inChannels }: Conv2DInfo): number =>
  filterHeight * filterWidth * inChannels;

/**
 * Visits the batch in parts of whole images whose windows fit, each with its gradients as [1, windows, channels]. Frees
 * these and what the visit gives back.
 */
function forEachPart(
  info: Conv2DInfo,
  backend: BackendWasm,
  dy: TensorInfo,
  visit: (range: Range, part: TensorInfo) => readonly TensorInfo[],
): void {
  const { batchSize, outHeight, outWidth, outChannels } = info;
  const rows = outHeight * outWidth;
  const atOnce = Math.max(1, Math.min(batchSize, Math.floor(MOST_UNROLLED / (rows * widthOf(info)))));
  for (let first = 0; first < batchSize; first += atOnce) {
    const range = { from: first * rows, to: Math.min(batchSize, first + atOnce) * rows };
    const part = backend.makeOutput([1, range.to - range.from, outChannels], 'float32');
    valuesOf(backend, part).set(valuesOf(backend, dy).subarray(range.from * outChannels, range.to * outChannels));
    for (const tensor of [part, ...visit(range, part)]) backend.disposeData(tensor.dataId);
  }
}

/** The product of two [1, rows, columns] tensors. */
function multiplied(backend: BackendWasm, a: TensorInfo, b: TensorInfo): TensorInfo {
  const attrs = { transposeA: false, transposeB: false };
  return getKernel('BatchMatMul', 'wasm').kernelFunc({ inputs: { a, b }, backend, attrs }) as TensorInfo;
}

/** A matrix of so many rows and columns turned over, as [1, columns, rows]. */
function transposed(backend: BackendWasm, matrix: TensorInfo, rows: number, columns: number): TensorInfo {
  const turned = backend.makeOutput([1, columns, rows], 'float32');
  const [from, to] = [valuesOf(backend, matrix), valuesOf(backend, turned)];
  for (let row = 0; row < rows; row += 1)
    for (let column = 0; column < columns; column += 1) to[column * rows + row] = from[row * columns + column]!;
  return turned;
}

/** The other way round: dy times the filter transposed are windows, which are added to where they were read from. */
function convolutionInputGrad({ inputs, attrs, backend }: Call<Conv2DBackpropInputAttrs>): TensorInfo {
  const { dy, filter } = inputs as { dy: TensorInfo; filter: TensorInfo };
  const { strides, pad, dimRoundingMode, inputShape } = attrs;
  const shape = filter.shape as Shape4;
  const info = backend_util.computeConv2DInfo(inputShape, shape, strides, 1, pad, dimRoundingMode);
  const turned = transposed(backend, filter, widthOf(info), info.outChannels);
  const dx = zeros(backend, inputShape);
  forEachPart(info, backend, dy, (range, part) => {
    const unrolled = multiplied(backend, part, turned);
    fold(info, range, valuesOf(backend, unrolled), valuesOf(backend, dx));
    return [unrolled];
  });
  backend.disposeData(turned.dataId);
  return dx;
}

/** Adds the windows of a range, one a row, to the places that they stand for. */
function fold(info: Conv2DInfo, range: Range, rows: Float32Array, x: Float32Array): void {
  const { inChannels } = info;
  const windows = windowsOf(info);
  const width = widthOf(info);
  for (let window = range.from; window < range.to; window += 1) {
    const { begin, end, base } = windows.at(window);
    for (let k = begin; k < end; k += 1) {
      const to = base + windows.places[k]!;
      const at = (window - range.from) * width + windows.taps[k]! * inChannels;
      for (let c = 0; c < inChannels; c += 1) x[to + c]! += rows[at + c]!;
    }
  }
}

function addTo(sums: Float32Array, values: Float32Array): void {
  for (let i = 0; i < sums.length; i += 1) sums[i]! += values[i]!;
}

/** The windows of a range, one a column; places outside of the image stay zero. */
function unroll(info: Conv2DInfo, range: Range, x: Float32Array, columns: Float32Array): void {
  const { inChannels } = info;
  const windows = windowsOf(info);
  const count = range.to - range.from;
  for (let window = range.from; window < range.to; window += 1) {
    const { begin, end, base } = windows.at(window);
    for (let k = begin; k < end; k += 1) {
      const from = base + windows.places[k]!;
      const at = windows.taps[k]! * inChannels * count + window - range.from;
      for (let c = 0; c < inChannels; c += 1) columns[at + c * count] = x[from + c]!;
    }
  }
}

function depthwiseFilterGrad({ inputs, attrs, backend }: Call<DepthwiseConv2dNativeBackpropFilterAttrs>): TensorInfo {
  const { x, dy } = inputs as { x: TensorInfo; dy: TensorInfo };
  const { filterShape } = attrs;
  const info = depthwiseInfo(x.shape, filterShape, attrs);
  const filter = zeros(backend, filterShape);
  const [input, from, to] = [valuesOf(backend, x), valuesOf(backend, dy), valuesOf(backend, filter)];
  forEachTap(info, filterShape[3], (place, answer, weight) => (to[weight]! += input[place]! * from[answer]!));
  return filter;
}

function depthwiseInputGrad({ inputs, attrs, backend }: Call<DepthwiseConv2dNativeBackpropInputAttrs>): TensorInfo {
  const { dy, filter } = inputs as { dy: TensorInfo; filter: TensorInfo };
  const { inputShape } = attrs;
  const info = depthwiseInfo(inputShape, filter.shape, attrs);
  const dx = zeros(backend, inputShape);
  const [from, weights, to] = [valuesOf(backend, dy), valuesOf(backend, filter), valuesOf(backend, dx)];
  forEachTap(info, filter.shape[3]!, (place, answer, weight) => (to[place]! += weights[weight]! * from[answer]!));
  return dx;
}

type DepthwiseAttrs = Pick<
  DepthwiseConv2dNativeBackpropFilterAttrs,
  'strides' | 'dilations' | 'pad' | 'dimRoundingMode'
>;

const depthwiseInfo = (
  inputShape: readonly number[],
  filterShape: readonly number[],
  { strides, dilations, pad, dimRoundingMode }: DepthwiseAttrs,
): Conv2DInfo =>
  backend_util.computeConv2DInfo(
    inputShape as Shape4,
    filterShape as Shape4,
    strides,
    dilations,
    pad,
    dimRoundingMode,
    true,
  );

/** Each product of a depthwise convolution once: place of the input, of the answer, and of the weight. */
function forEachTap(
  info: Conv2DInfo,
  multiplier: number,
  visit: (input: number, answer: number, weight: number) => void,
): void {
  const { inChannels: channels, batchSize, outHeight, outWidth } = info;
  const windows = windowsOf(info);
  const answers = channels * multiplier;
  for (let window = 0; window < batchSize * outHeight * outWidth; window += 1) {
    const { begin, end, base } = windows.at(window);
    for (let k = begin; k < end; k += 1) {
      const [place, weight] = [base + windows.places[k]!, windows.taps[k]! * answers];
      for (let i = 0; i < answers; i += 1) visit(place + Math.floor(i / multiplier), window * answers + i, weight + i);
    }
  }
}
