import {
  backend_util,
  type BatchMatMulAttrs,
  type Conv2DAttrs,
  type Conv2DBackpropFilterAttrs,
  type Conv2DBackpropInputAttrs,
  type DepthwiseConv2dNativeBackpropFilterAttrs,
  type DepthwiseConv2dNativeBackpropInputAttrs,
  type FusedBatchNormAttrs,
  type FusedConv2DAttrs,
  getKernel,
  type MaxPoolGradAttrs,
  type MeanAttrs,
  type NamedAttrMap,
  type NamedTensorInfoMap,
  registerKernel,
  type TensorInfo,
  unregisterKernel,
  util,
} from '@tensorflow/tfjs-core';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { type Conv2DInfo, filterGradient, inputGradient } from './convolutions.js';
import { convolve, LIMITS, meanOfPlaces, scaleAndShift } from './forward.js';

/*
 * What TensorFlow.js 4.22 lacks or gets wrong on its WebAssembly backend, until a release brings it:
 *
 * - gradients of the filters of convolutions, and both gradients of depthwise ones, are missing;
 * - MaxPoolGrad begins its search for the maximum at the smallest positive float, so that windows of negative numbers
 *   alone get no gradient;
 * - convolutions with padding "same" and strides larger than their filter answer with zeros or noise, unless the padding
 *   is given in numbers;
 * - batch normalisation takes more of the time of a network than its convolutions; so does the mean over the places of an image,
 *   for which it turns the image over first;
 * - convolutions do not use that relu leaves half of what they read at 0;
 * - the gradient of a convolution's input, and products of matrices that are to be turned over, are right and slow.
 *
 * All tensors are [batch, height, width, channels].
 */

type Shape4 = [number, number, number, number];

interface Call<Attrs> {
  readonly inputs: NamedTensorInfoMap;
  readonly attrs: Attrs;
  readonly backend: BackendWasm;
}

/** The backend's own kernel. */
type Own<Attrs> = (call: Call<Attrs>) => TensorInfo;

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
  turnBefore('BatchMatMul');
  wrap('FusedBatchNorm', batchNorm);
  wrap('Mean', mean);
  for (const name of ['Conv2D', 'FusedConv2D', 'DepthwiseConv2dNative', 'FusedDepthwiseConv2D']) padInNumbers(name);
  for (const name of ['Conv2D', 'FusedConv2D']) wrap(name, convolution);
}

const register = <Attrs>(kernelName: string, kernel: (call: Call<Attrs>) => TensorInfo): void =>
  registerKernel({ kernelName, backendName: 'wasm', kernelFunc: (call) => kernel(call as unknown as Call<Attrs>) });

/** Puts a kernel in the place of the backend's own, which it may call. */
function wrap<Attrs>(kernelName: string, kernel: (call: Call<Attrs>, own: Own<Attrs>) => TensorInfo) {
  const original = getKernel(kernelName, 'wasm');
  const own = (call: Call<Attrs>) => original.kernelFunc({ ...call, attrs: call.attrs as NamedAttrMap }) as TensorInfo;
  unregisterKernel(kernelName, 'wasm');
  registerKernel({ ...original, kernelFunc: (call) => kernel(call as unknown as Call<Attrs>, own) });
}

/** As (x - mean) * scale / sqrt(variance + epsilon) + offset, where these are one number a channel: the last dimension. */
function batchNorm({ inputs, attrs, backend }: Call<FusedBatchNormAttrs>, own: Own<FusedBatchNormAttrs>): TensorInfo {
  const { x, mean, variance, offset, scale } = inputs as Record<string, TensorInfo | undefined>;
  const channels = x!.shape.at(-1)!;
  if ([mean, variance, offset, scale].some((of) => of && !(of.shape.length === 1 && of.shape[0] === channels)))
    return own({ inputs, attrs, backend });
  const [means, variances, offsets, scales] = [mean, variance, offset, scale].map((of) => of && valuesOf(backend, of));
  const factors = Float32Array.from(variances!, (of, c) => (scales?.[c] ?? 1) / Math.sqrt(of + attrs.varianceEpsilon));
  const shifts = Float32Array.from(factors, (factor, c) => (offsets?.[c] ?? 0) - means![c]! * factor);
  return scaleAndShift(backend, x!, factors, shifts);
}

/** Of images over their places, height and width, where they have whole fours of channels; the backend's own otherwise. */
function mean({ inputs, attrs, backend }: Call<MeanAttrs>, own: Own<MeanAttrs>): TensorInfo {
  const { x } = inputs as { x: TensorInfo };
  const axes = util.parseAxisParam(attrs.axis, x.shape).sort();
  const [batch, , , channels] = x.shape as Shape4;
  const isOfPlaces = x.shape.length === 4 && axes.join() === '1,2';
  if (!isOfPlaces || x.dtype !== 'float32' || channels % 4 !== 0) return own({ inputs, attrs, backend });
  const means = meanOfPlaces(backend, x);
  return attrs.keepDims ? { ...means, shape: [batch, 1, 1, channels] } : means;
}

/** Lets a product see matrices that are turned over already. */
function turnBefore(kernelName: string): void {
  wrap<BatchMatMulAttrs>(kernelName, ({ inputs, attrs, backend }, own) => {
    const a = attrs.transposeA ? turned(backend, inputs.a!) : inputs.a!;
    const b = attrs.transposeB ? turned(backend, inputs.b!) : inputs.b!;
    const product = own({ inputs: { a, b }, backend, attrs: { transposeA: false, transposeB: false } });
    if (attrs.transposeA) backend.disposeData(a.dataId);
    if (attrs.transposeB) backend.disposeData(b.dataId);
    return product;
  });
}

/** The matrices of a tensor, rows for columns. */
function turned(backend: BackendWasm, tensor: TensorInfo): TensorInfo {
  const [rows, columns] = tensor.shape.slice(-2) as [number, number];
  const result = backend.makeOutput([...tensor.shape.slice(0, -2), columns, rows], 'float32');
  turnEach(valuesOf(backend, tensor), valuesOf(backend, result), { rows, columns });
  return result;
}

function turnEach(from: Float32Array, to: Float32Array, { rows, columns }: { rows: number; columns: number }): void {
  const size = rows * columns;
  for (let first = 0; first < from.length; first += size)
    for (let row = 0; row < rows; row += 1)
      for (let column = 0; column < columns; column += 1)
        to[first + column * rows + row] = from[first + row * columns + column]!;
}

interface PaddedAttrs {
  readonly pad: backend_util.ExplicitPadding | 'valid' | 'same' | number;
  readonly strides: number | [number, number];
  readonly dilations: number | [number, number];
}

/** Lets a kernel see padding "same" as the numbers that it stands for, where it would go wrong otherwise. */
function padInNumbers(kernelName: string): void {
  wrap<PaddedAttrs>(kernelName, ({ inputs, attrs, backend }, own) => {
    const pad = paddingOf(inputs.x!.shape, inputs.filter!.shape, attrs);
    return own({ inputs, backend, attrs: { ...attrs, pad } });
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

type ConvolutionAttrs = Conv2DAttrs & Partial<Pick<FusedConv2DAttrs, 'activation'>>;

/** What is not dilated, has whole eights of channels and ends in a limit or in nothing; the backend's own otherwise. */
function convolution({ inputs, attrs, backend }: Call<ConvolutionAttrs>, own: Own<ConvolutionAttrs>): TensorInfo {
  const { x, filter, bias } = inputs as { x: TensorInfo; filter: TensorInfo; bias?: TensorInfo };
  const { strides, pad, dilations, dimRoundingMode } = attrs;
  const shapes = [x.shape as Shape4, filter.shape as Shape4] as const;
  const info = backend_util.computeConv2DInfo(...shapes, strides, dilations, pad, dimRoundingMode);
  const limits = LIMITS[attrs.activation ?? 'linear'];
  const isOfChannels = !bias || (bias.shape.length === 1 && bias.shape[0] === info.outChannels);
  const isPlain = info.dilationHeight === 1 && info.dilationWidth === 1 && attrs.dataFormat !== 'NCHW';
  return limits && isOfChannels && isPlain && info.outChannels % 8 === 0
    ? convolve(backend, { x, filter, bias }, info, limits)
    : own({ inputs, attrs, backend });
}

/** Values of a tensor in place. Taken after the last allocation: when memory grows, earlier views are cut off. */
const valuesOf = (backend: BackendWasm, tensor: TensorInfo): Float32Array =>
  backend.typedArrayFromHeap(tensor) as Float32Array;

/** The first of the largest inputs of each window gets the gradient of its answer. */
function maxPoolGrad({ inputs, attrs, backend }: Call<MaxPoolGradAttrs>): TensorInfo {
  const { dy, input } = inputs as { dy: TensorInfo; input: TensorInfo };
  const { filterSize, strides, pad, dimRoundingMode } = attrs;
  const info = backend_util.computePool2DInfo(input.shape as Shape4, filterSize, strides, 1, pad, dimRoundingMode);
  const dx = backend.makeOutput(input.shape, 'float32');
  const given = { x: valuesOf(backend, input), dy: valuesOf(backend, dy) };
  inputGradient('addPoolGradient', info, given, valuesOf(backend, dx));
  return dx;
}

function convolutionFilterGrad({ inputs, attrs, backend }: Call<Conv2DBackpropFilterAttrs>): TensorInfo {
  const { x, dy } = inputs as { x: TensorInfo; dy: TensorInfo };
  const { strides, pad, dimRoundingMode, filterShape } = attrs;
  const info = backend_util.computeConv2DInfo(x.shape as Shape4, filterShape, strides, 1, pad, dimRoundingMode);
  const filter = backend.makeOutput(filterShape, 'float32');
  const given = { x: valuesOf(backend, x), dy: valuesOf(backend, dy) };
  filterGradient('addFilterGradient', info, given, valuesOf(backend, filter));
  return filter;
}

function convolutionInputGrad({ inputs, attrs, backend }: Call<Conv2DBackpropInputAttrs>): TensorInfo {
  const { dy, filter } = inputs as { dy: TensorInfo; filter: TensorInfo };
  const { strides, pad, dimRoundingMode, inputShape } = attrs;
  const shape = filter.shape as Shape4;
  const info = backend_util.computeConv2DInfo(inputShape, shape, strides, 1, pad, dimRoundingMode);
  const dx = backend.makeOutput(inputShape, 'float32');
  const channelsTurned = new Float32Array(shape[0] * shape[1] * shape[2] * shape[3]);
  turnEach(valuesOf(backend, filter), channelsTurned, { rows: shape[2], columns: shape[3] });
  const given = { dy: valuesOf(backend, dy), filter: channelsTurned };
  inputGradient('addInputGradient', info, given, valuesOf(backend, dx));
  return dx;
}

function depthwiseFilterGrad({ inputs, attrs, backend }: Call<DepthwiseConv2dNativeBackpropFilterAttrs>): TensorInfo {
  const { x, dy } = inputs as { x: TensorInfo; dy: TensorInfo };
  const info = depthwiseInfo(x.shape, attrs.filterShape, attrs);
  const filter = backend.makeOutput(attrs.filterShape, 'float32');
  const given = { x: valuesOf(backend, x), dy: valuesOf(backend, dy) };
  filterGradient('addDepthwiseFilterGradient', info, given, valuesOf(backend, filter));
  return filter;
}

function depthwiseInputGrad({ inputs, attrs, backend }: Call<DepthwiseConv2dNativeBackpropInputAttrs>): TensorInfo {
  const { dy, filter } = inputs as { dy: TensorInfo; filter: TensorInfo };
  const info = depthwiseInfo(attrs.inputShape, filter.shape, attrs);
  const dx = backend.makeOutput(attrs.inputShape, 'float32');
  const given = { dy: valuesOf(backend, dy), filter: valuesOf(backend, filter) };
  inputGradient('addDepthwiseInputGradient', info, given, valuesOf(backend, dx));
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
