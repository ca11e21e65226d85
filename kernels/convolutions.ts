/*
 * Gradients of convolutions and of max pooling, of one image at a time, in AssemblyScript: compiled by
 * `npm run build:kernels` into src/platform/model-runtime/convolutions.wasm, which is committed and compared with a fresh
 * build by the tests.
 *
 * Base SIMD only: the same bytes in give the same bytes out on every machine. Images are [height, width, channels],
 * filters [height, width, channels in, channels out], never dilated: TensorFlow.js has no gradient then. Sums over a row
 * of answers stay in registers, so nothing is unrolled to columns first. The caller lays the memory out, above `heapBase`.
 */
import {
  bytesOf,
  FILTER,
  FILTER_HEIGHT,
  FILTER_WIDTH,
  IMAGE,
  IN_CHANNELS,
  IN_HEIGHT,
  IN_WIDTH,
  OUT_CHANNELS,
  OUT_HEIGHT,
  OUT_WIDTH,
  PAD_LEFT,
  PAD_TOP,
  place,
  STRIDE_ACROSS,
  STRIDE_DOWN,
  TO,
  word,
} from './parts/problem';

/** Where the gradient of the answers lies: what else a problem has. */
const GRADIENT = 15;

/** First byte that is free: static data lies below. */
export function heapBase(): usize {
  return __heap_base;
}

/** First answer along one side whose window has this tap inside of the image. */
function firstInside(tap: i32, pad: i32, stride: i32): i32 {
  return max(0, (pad - tap + stride - 1) / stride);
}

/** One past the last. */
function endInside(tap: i32, pad: i32, stride: i32, length: i32, answers: i32): i32 {
  const last = length - 1 + pad - tap;
  return last < 0 ? 0 : min(answers, last / stride + 1);
}

/*
 * One row of answers, and the row of the image that one tap of their windows reads. Set by `readRow`, which is why they
 * are no parameters: a class would have to be allocated.
 */
let rowCount: i32 = 0;
/** Where the first input and the first answer lie, and how many bytes it is to the next. */
let rowX: usize = 0;
let xStep: usize = 0;
let rowY: usize = 0;
let yStep: usize = 0;

/** `x` is where the image, or its gradient, begins. */
function readRow(problem: usize, x: usize, down: i32, across: i32, answerRow: i32): void {
  const stride = word(problem, STRIDE_ACROSS);
  const channels = word(problem, IN_CHANNELS);
  const pad = word(problem, PAD_LEFT);
  const first = firstInside(across, pad, stride);
  const end = endInside(across, pad, stride, word(problem, IN_WIDTH), word(problem, OUT_WIDTH));
  const imageRow = answerRow * word(problem, STRIDE_DOWN) - word(problem, PAD_TOP) + down;
  rowCount = end - first;
  xStep = bytesOf(stride * channels);
  rowX = x + bytesOf((imageRow * word(problem, IN_WIDTH) + first * stride - pad + across) * channels);
  yStep = bytesOf(word(problem, OUT_CHANNELS));
  rowY = place(problem, GRADIENT) + bytesOf(answerRow * word(problem, OUT_WIDTH) + first) * word(problem, OUT_CHANNELS);
}

function firstRow(problem: usize, down: i32): i32 {
  return firstInside(down, word(problem, PAD_TOP), word(problem, STRIDE_DOWN));
}

function endRow(problem: usize, down: i32): i32 {
  const stride = word(problem, STRIDE_DOWN);
  return endInside(down, word(problem, PAD_TOP), stride, word(problem, IN_HEIGHT), word(problem, OUT_HEIGHT));
}

/** Does something with each row of answers and each tap of the filter, whose weights are so many numbers. */
function forEachRow(
  problem: usize,
  x: usize,
  weights: i32,
  act: (tap: usize, inputs: i32, answers: i32) => void,
): void {
  const inputs = word(problem, IN_CHANNELS);
  const answers = word(problem, OUT_CHANNELS);
  let tap = place(problem, FILTER);
  for (let down = 0; down < word(problem, FILTER_HEIGHT); down++) {
    for (let across = 0; across < word(problem, FILTER_WIDTH); across++) {
      for (let y = firstRow(problem, down); y < endRow(problem, down); y++) {
        readRow(problem, x, down, across, y);
        act(tap, inputs, answers);
      }
      tap += bytesOf(weights);
    }
  }
}

function denseWeights(problem: usize): i32 {
  return word(problem, IN_CHANNELS) * word(problem, OUT_CHANNELS);
}

/** Adds an image's part to the gradient of the filter: each input of a window times the gradient of its answer. */
export function addFilterGradient(problem: usize): void {
  forEachRow(problem, place(problem, IMAGE), denseWeights(problem), addOuterProducts);
}

/** to[i][a] += the sum over the row of x[i] * y[a]. */
function addOuterProducts(to: usize, inputs: i32, answers: i32): void {
  const yBytes = bytesOf(answers);
  for (let i = 0; i < inputs; i++) {
    let a: usize = 0;
    for (; a + 64 <= yBytes; a += 64) addOuter16(to + a, rowX + bytesOf(i), rowY + a);
    for (; a + 32 <= yBytes; a += 32) addOuter8(to + a, rowX + bytesOf(i), rowY + a);
    for (; a < yBytes; a += 4) addOuter1(to + a, rowX + bytesOf(i), rowY + a);
    to += yBytes;
  }
}

function addOuter16(to: usize, x: usize, y: usize): void {
  const nextX = xStep;
  const nextY = yStep;
  let s0 = v128.load(to);
  let s1 = v128.load(to, 16);
  let s2 = v128.load(to, 32);
  let s3 = v128.load(to, 48);
  for (let k = rowCount; k > 0; k--) {
    const value = v128.load32_splat(x);
    s0 = f32x4.add(s0, f32x4.mul(value, v128.load(y)));
    s1 = f32x4.add(s1, f32x4.mul(value, v128.load(y, 16)));
    s2 = f32x4.add(s2, f32x4.mul(value, v128.load(y, 32)));
    s3 = f32x4.add(s3, f32x4.mul(value, v128.load(y, 48)));
    x += nextX;
    y += nextY;
  }
  v128.store(to, s0);
  v128.store(to, s1, 16);
  v128.store(to, s2, 32);
  v128.store(to, s3, 48);
}

function addOuter8(to: usize, x: usize, y: usize): void {
  const nextX = xStep;
  const nextY = yStep;
  let s0 = v128.load(to);
  let s1 = v128.load(to, 16);
  for (let k = rowCount; k > 0; k--) {
    const value = v128.load32_splat(x);
    s0 = f32x4.add(s0, f32x4.mul(value, v128.load(y)));
    s1 = f32x4.add(s1, f32x4.mul(value, v128.load(y, 16)));
    x += nextX;
    y += nextY;
  }
  v128.store(to, s0);
  v128.store(to, s1, 16);
}

function addOuter1(to: usize, x: usize, y: usize): void {
  const nextX = xStep;
  const nextY = yStep;
  let sum = load<f32>(to);
  for (let k = rowCount; k > 0; k--) {
    sum += load<f32>(x) * load<f32>(y);
    x += nextX;
    y += nextY;
  }
  store<f32>(to, sum);
}

/**
 * Adds to the gradient of an image, at each place of a window, the gradient of its answer times the filter; the filter
 * is given as [height, width, channels out, channels in].
 */
export function addInputGradient(problem: usize): void {
  forEachRow(problem, place(problem, TO), denseWeights(problem), addWeighted);
}

/** x[i] += the sum over the answers of y[a] * filter[a][i], for each x of the row: two at once, for the same weights. */
function addWeighted(filter: usize, inputs: i32, answers: i32): void {
  const xBytes = bytesOf(inputs);
  let x = rowX;
  let y = rowY;
  let left = rowCount;
  for (; left > 1; left -= 2) {
    let i: usize = 0;
    for (; i + 32 <= xBytes; i += 32) addWeighted2x8(x + i, y, filter + i, xBytes, answers);
    for (; i < xBytes; i += 4) {
      addWeighted1(x + i, y, filter + i, xBytes, answers);
      addWeighted1(x + xStep + i, y + yStep, filter + i, xBytes, answers);
    }
    x += 2 * xStep;
    y += 2 * yStep;
  }
  if (left == 1) for (let i: usize = 0; i < xBytes; i += 4) addWeighted1(x + i, y, filter + i, xBytes, answers);
}

function addWeighted2x8(x: usize, y: usize, filter: usize, xBytes: usize, answers: i32): void {
  const nextX = x + xStep;
  const nextY = y + yStep;
  let a0 = v128.load(x);
  let a1 = v128.load(x, 16);
  let b0 = v128.load(nextX);
  let b1 = v128.load(nextX, 16);
  for (let a = 0; a < answers; a++) {
    const w0 = v128.load(filter);
    const w1 = v128.load(filter, 16);
    const own = v128.load32_splat(y + bytesOf(a));
    const next = v128.load32_splat(nextY + bytesOf(a));
    a0 = f32x4.add(a0, f32x4.mul(own, w0));
    a1 = f32x4.add(a1, f32x4.mul(own, w1));
    b0 = f32x4.add(b0, f32x4.mul(next, w0));
    b1 = f32x4.add(b1, f32x4.mul(next, w1));
    filter += xBytes;
  }
  v128.store(x, a0);
  v128.store(x, a1, 16);
  v128.store(nextX, b0);
  v128.store(nextX, b1, 16);
}

function addWeighted1(x: usize, y: usize, filter: usize, xBytes: usize, answers: i32): void {
  let sum = load<f32>(x);
  for (let a = 0; a < answers; a++) {
    sum += load<f32>(y + bytesOf(a)) * load<f32>(filter);
    filter += xBytes;
  }
  store<f32>(x, sum);
}

/** The same of a depthwise convolution: each channel has answers of its own, [height, width, channels, answers each]. */
export function addDepthwiseFilterGradient(problem: usize): void {
  forEachRow(problem, place(problem, IMAGE), word(problem, OUT_CHANNELS), addChannelProducts);
}

export function addDepthwiseInputGradient(problem: usize): void {
  forEachRow(problem, place(problem, TO), word(problem, OUT_CHANNELS), addChannelsWeighted);
}

function addChannelProducts(tap: usize, inputs: i32, answers: i32): void {
  for (let k = 0; k < rowCount; k++)
    addProducts(tap, rowX + <usize>k * xStep, rowY + <usize>k * yStep, inputs, answers);
}

function addChannelsWeighted(tap: usize, inputs: i32, answers: i32): void {
  for (let k = 0; k < rowCount; k++)
    addProductsTo(rowX + <usize>k * xStep, tap, rowY + <usize>k * yStep, inputs, answers);
}

/** to[a] += x[the channel that answer a is of] * y[a]. */
function addProducts(to: usize, x: usize, y: usize, inputs: i32, answers: i32): void {
  let a: usize = 0;
  if (inputs == answers) {
    for (; a + 16 <= bytesOf(answers); a += 16) {
      v128.store(to + a, f32x4.add(v128.load(to + a), f32x4.mul(v128.load(x + a), v128.load(y + a))));
    }
  }
  const each = answers / inputs;
  for (let n = <i32>(a >> 2); n < answers; n++) {
    const at = bytesOf(n);
    store<f32>(to + at, load<f32>(to + at) + load<f32>(x + bytesOf(n / each)) * load<f32>(y + at));
  }
}

/** x[the channel that answer a is of] += filter[a] * y[a]. */
function addProductsTo(x: usize, filter: usize, y: usize, inputs: i32, answers: i32): void {
  if (inputs == answers) return addProducts(x, filter, y, inputs, answers);
  const each = answers / inputs;
  for (let a = 0; a < answers; a++) {
    const at = x + bytesOf(a / each);
    store<f32>(at, load<f32>(at) + load<f32>(filter + bytesOf(a)) * load<f32>(y + bytesOf(a)));
  }
}

/* The window of a pooling that is looked at, and how many bytes it is to the next place and to the next row. */
let windowRows: i32 = 0;
let windowColumns: i32 = 0;
let placeBytes: usize = 0;
let rowBytes: usize = 0;

/** Adds the gradient of each answer of a max pooling to the first of the largest inputs of its window. */
export function addPoolGradient(problem: usize): void {
  const width = word(problem, IN_WIDTH);
  placeBytes = bytesOf(word(problem, IN_CHANNELS));
  rowBytes = <usize>width * placeBytes;
  let gradient = place(problem, GRADIENT);
  for (let y = 0; y < word(problem, OUT_HEIGHT); y++) {
    const top = y * word(problem, STRIDE_DOWN) - word(problem, PAD_TOP);
    windowRows = min(word(problem, IN_HEIGHT), top + word(problem, FILTER_HEIGHT)) - max(0, top);
    for (let x = 0; x < word(problem, OUT_WIDTH); x++) {
      const left = x * word(problem, STRIDE_ACROSS) - word(problem, PAD_LEFT);
      windowColumns = min(width, left + word(problem, FILTER_WIDTH)) - max(0, left);
      const first = bytesOf(max(0, top) * width + max(0, left)) * word(problem, IN_CHANNELS);
      const image = place(problem, IMAGE) + first;
      const to = place(problem, TO) + first;
      let c: usize = 0;
      for (; c + 16 <= placeBytes; c += 16) addToLargest4(image + c, to + c, gradient + c);
      for (; c < placeBytes; c += 4) addToLargest(image + c, to + c, gradient + c);
      gradient += placeBytes;
    }
  }
}

/** Four channels at once. */
function addToLargest4(image: usize, to: usize, gradient: usize): void {
  let most = f32x4.splat(-Infinity);
  for (let row = 0; row < windowRows; row++) {
    let at = image + <usize>row * rowBytes;
    for (let column = 0; column < windowColumns; column++) {
      most = f32x4.max(most, v128.load(at));
      at += placeBytes;
    }
  }
  const given = v128.load(gradient);
  let isOpen = i32x4.splat(-1);
  for (let row = 0; row < windowRows; row++) {
    let at = <usize>row * rowBytes;
    for (let column = 0; column < windowColumns; column++) {
      const isIt = v128.and(f32x4.eq(v128.load(image + at), most), isOpen);
      v128.store(to + at, f32x4.add(v128.load(to + at), v128.and(isIt, given)));
      isOpen = v128.andnot(isOpen, isIt);
      at += placeBytes;
    }
  }
}

function addToLargest(image: usize, to: usize, gradient: usize): void {
  let best: usize = 0;
  for (let row = 0; row < windowRows; row++) {
    let at = <usize>row * rowBytes;
    for (let column = 0; column < windowColumns; column++) {
      if (load<f32>(image + at) > load<f32>(image + best)) best = at;
      at += placeBytes;
    }
  }
  store<f32>(to + best, load<f32>(to + best) + load<f32>(gradient));
}
