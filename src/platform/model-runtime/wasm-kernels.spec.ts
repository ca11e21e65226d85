import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, describe, expect, it } from 'vitest';
import { openBackend } from './backend.js';
import { seededRandom } from './random.js';

const random = seededRandom(11);
const normals = (shape: readonly number[], mean = 0): Float32Array =>
  Float32Array.from({ length: shape.reduce((product, size) => product * size, 1) }, () => mean + random.normal());

interface Given {
  readonly values: Float32Array;
  readonly shape: readonly number[];
}
type Forward = (...tensors: tf.Tensor4D[]) => tf.Tensor;

/** Gradients of the answer, weighed by its own square so that they differ from place to place, on one backend. */
async function gradients(backend: string, forward: Forward, given: readonly Given[]): Promise<Float32Array[]> {
  await tf.setBackend(backend);
  const tensors = given.map(({ values, shape }) => tf.tensor4d(values, shape as [number, number, number, number]));
  const found = tf.grads((...inputs: tf.Tensor[]) => {
    const answer = forward(...(inputs as tf.Tensor4D[]));
    return tf.sum(tf.mul(answer, tf.square(answer)));
  })(tensors);
  return found.map((gradient) => gradient.dataSync() as Float32Array);
}

/** The largest difference between the backends, as a share of the largest gradient. */
async function difference(forward: Forward, shapes: readonly (readonly number[])[], mean = 0): Promise<number> {
  const given = shapes.map((shape) => ({ shape, values: normals(shape, mean) }));
  const [cpu, wasm] = [await gradients('cpu', forward, given), await gradients('wasm', forward, given)];
  return Math.max(
    ...cpu.map((expected, i) => {
      const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6);
      return expected.reduce((most, value, at) => Math.max(most, Math.abs(value - wasm[i]![at]!)), 0) / largest;
    }),
  );
}

/** The largest difference between the answers of the backends. */
async function disagreement(forward: Forward, shapes: readonly (readonly number[])[]): Promise<number> {
  const given = shapes.map((shape) => ({ shape, values: normals(shape) }));
  const answers: Float32Array[] = [];
  for (const backend of ['cpu', 'wasm']) {
    await tf.setBackend(backend);
    const tensors = given.map(({ values, shape }) => tf.tensor4d(values, shape as [number, number, number, number]));
    answers.push(forward(...tensors).dataSync() as Float32Array);
  }
  return answers[0]!.reduce((most, value, at) => Math.max(most, Math.abs(value - answers[1]![at]!)), 0);
}

const NOISE = 2e-5;
const PADS = ['valid', 'same'] as const;
const STRIDES = [1, 2, 3] as const;
const pairs = PADS.flatMap((pad) => STRIDES.map((stride) => [pad, stride] as const));

/** Gradients on WebAssembly beside those of TensorFlow.js's plain JavaScript backend. */
describe('gradients on WebAssembly', () => {
  beforeAll(async () => {
    await openBackend('wasm');
  });

  it.each(pairs)('of a convolution, padding %s, stride %i', async (pad, stride) => {
    const forward: Forward = (x, filter) => tf.conv2d(x!, filter!, stride, pad);
    expect(
      await difference(forward, [
        [3, 9, 8, 2],
        [3, 2, 2, 5],
      ]),
    ).toBeLessThan(NOISE);
    expect(
      await difference(forward, [
        [2, 7, 7, 3],
        [1, 1, 3, 4],
      ]),
    ).toBeLessThan(NOISE);
  });

  it('of a convolution with padding of its own on each side', async () => {
    const pad: [[number, number], [number, number], [number, number], [number, number]] = [
      [0, 0],
      [2, 1],
      [0, 3],
      [0, 0],
    ];
    const shapes = [
      [2, 6, 5, 3],
      [3, 3, 3, 2],
    ];
    expect(await difference((x, filter) => tf.conv2d(x!, filter!, 2, pad), shapes)).toBeLessThan(NOISE);
  });

  it.each([1, 2, 7, 8, 9, 17, 24, 36])('of layers of %i channels', async (channels) => {
    const convolution: Forward = (x, filter) => tf.conv2d(x!, filter!, 1, 'same');
    const depthwise: Forward = (x, filter) => tf.depthwiseConv2d(x!, filter!, 2, 'same');
    const twofold: Forward = (x, filter) => tf.depthwiseConv2d(x!, filter!, 1, 'valid');
    const image = [2, 6, 5, channels];
    for (const others of [3, 8, 25]) {
      expect(await difference(convolution, [image, [3, 3, channels, others]])).toBeLessThan(2 * NOISE);
    }
    expect(await difference(depthwise, [image, [3, 3, channels, 1]])).toBeLessThan(NOISE);
    expect(await difference(twofold, [image, [3, 3, channels, 2]])).toBeLessThan(NOISE);
    expect(await difference((x) => tf.maxPool(x!, 3, 2, 'same'), [image], -5)).toBeLessThan(NOISE);
    const [means, spreads] = [normals([channels]), normals([channels]).map((value) => value ** 2 + 0.1)];
    const normalised: Forward = (x) =>
      tf.batchNorm(x!, tf.tensor1d(means), tf.tensor1d(spreads), tf.tensor1d(spreads), tf.tensor1d(means));
    expect(await difference(normalised, [image])).toBeLessThan(NOISE);
    expect(await disagreement(normalised, [image])).toBeLessThan(NOISE);
  });

  it('do not depend on how many inputs are answered at once: their activations are kept by content', async () => {
    await tf.setBackend('wasm');
    const batch = tf.tensor4d(normals([9, 12, 10, 3]), [9, 12, 10, 3]);
    const [first, second] = [normals([3, 3, 3, 9]), normals([3, 3, 9, 1])];
    const answer = (x: tf.Tensor4D) => {
      const features = tf.relu6(tf.conv2d(x, tf.tensor4d(first, [3, 3, 3, 9]), 2, 'same'));
      const deeper = tf.depthwiseConv2d(features, tf.tensor4d(second, [3, 3, 9, 1]), 1, 'same');
      const means = tf.mean(deeper, [1, 2]);
      return tf.matMul(means as tf.Tensor2D, tf.tensor2d(first.slice(0, 45), [9, 5])).dataSync();
    };
    const together = answer(batch);
    for (let i = 0; i < 9; i += 1) {
      expect(answer(tf.slice(batch, i, 1))).toEqual(together.slice(5 * i, 5 * (i + 1)));
    }
  });

  it.each([
    [false, false],
    [false, true],
    [true, false],
    [true, true],
  ])('of products, the first turned over: %s, the second: %s', async (first, second) => {
    const product: Forward = (a, b) => tf.matMul(a!, b!, first, second);
    const [a, b] = [first ? [2, 3, 7, 5] : [2, 3, 5, 7], second ? [2, 3, 4, 7] : [2, 3, 7, 4]];
    expect(await difference(product, [a, b])).toBeLessThan(NOISE);
    expect(await disagreement(product, [a, b])).toBeLessThan(NOISE);
  });

  it('of a convolution of large images', async () => {
    const shapes = [
      [5, 64, 64, 16],
      [3, 3, 16, 2],
    ];
    expect(await difference((x, filter) => tf.conv2d(x!, filter!, 1, 'same'), shapes)).toBeLessThan(10 * NOISE);
  }, 30_000);

  it.each(pairs)('of a depthwise convolution, padding %s, stride %i', async (pad, stride) => {
    const shapes = [
      [2, 7, 6, 3],
      [3, 2, 3, 2],
    ];
    expect(await difference((x, filter) => tf.depthwiseConv2d(x!, filter!, stride, pad), shapes)).toBeLessThan(NOISE);
  });

  it.each(pairs)('of pooling, padding %s, stride %i, whatever the sign', async (pad, stride) => {
    const shapes = [[2, 8, 7, 3]];
    for (const mean of [0, 5, -5]) {
      expect(await difference((x) => tf.maxPool(x!, [3, 2], stride, pad), shapes, mean)).toBeLessThan(NOISE);
      expect(await difference((x) => tf.avgPool(x!, [3, 2], stride, pad), shapes, mean)).toBeLessThan(NOISE);
    }
  });

  it('of pooling are by hand what they should be', async () => {
    await tf.setBackend('wasm');
    // Windows -4 -1, -3 -2 of two columns each: the gradient is that of -1 and -2 alone.
    const x = tf.tensor4d([-4, -1, -3, -2], [1, 1, 4, 1]);
    const gradient = tf.grad((input: tf.Tensor) =>
      tf.sum(tf.square(tf.maxPool(input as tf.Tensor4D, [1, 2], 2, 'valid'))),
    )(x);
    expect([...gradient.dataSync()]).toEqual([0, -2, 0, -4].map((value) => value + 0));
  });

  it('of what networks are made of besides', async () => {
    const shapes = [[4, 3, 3, 2]];
    const forwards: Forward[] = [
      (x) => tf.relu(x!),
      (x) => tf.relu6(x!),
      (x) => tf.elu(x!),
      (x) => tf.leakyRelu(x!),
      (x) => tf.sigmoid(x!),
      (x) => tf.tanh(x!),
      (x) => tf.mean(x!, [1, 2]),
      (x) =>
        tf.pad(x!, [
          [0, 0],
          [1, 2],
          [0, 1],
          [0, 0],
        ]),
      (x) => tf.concat([x!, tf.square(x!)], 3),
      (x) =>
        tf.batchNorm(
          x!,
          tf.tensor1d([0.1, -0.2]),
          tf.tensor1d([1.5, 0.5]),
          tf.tensor1d([0.3, 0.1]),
          tf.tensor1d([2, 3]),
        ),
      (x) => tf.logSoftmax(tf.matMul(tf.reshape(x!, [4, 18]), tf.reshape(tf.linspace(-1, 1, 54), [18, 3]))),
    ];
    for (const forward of forwards) expect(await difference(forward, shapes)).toBeLessThan(NOISE);
  });

  it('are of the right answers, also where strides are larger than filters', async () => {
    const shapes = [1, 2, 3].flatMap((high) => [1, 2, 3].map((wide) => [high, wide] as const));
    for (const [high, wide] of shapes) {
      for (const strides of [
        [1, 1],
        [2, 2],
        [3, 3],
        [2, 3],
        [3, 1],
      ] as [number, number][]) {
        const conv: Forward = (x, filter) => tf.conv2d(x!, filter!, strides, 'same');
        const depthwise: Forward = (x, filter) => tf.depthwiseConv2d(x!, filter!, strides, 'same');
        const given = [
          [1, 8, 7, 2],
          [high, wide, 2, 3],
        ];
        expect(await disagreement(conv, given)).toBeLessThan(NOISE);
        expect(await disagreement(depthwise, given)).toBeLessThan(NOISE);
      }
    }
  });

  it('leave nothing behind', async () => {
    await tf.setBackend('wasm');
    const [x, filter] = [
      tf.tensor4d(normals([2, 8, 8, 2]), [2, 8, 8, 2]),
      tf.tensor4d(normals([3, 3, 2, 4]), [3, 3, 2, 4]),
    ];
    const step = () =>
      tf.tidy(() => {
        const forward = (a: tf.Tensor, b: tf.Tensor) =>
          tf.sum(tf.maxPool(tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, 1, 'same'), 2, 2, 'valid'));
        tf.grads(forward)([x, filter]);
      });
    step();
    const before = [tf.memory().numTensors, tf.memory().numDataBuffers];
    for (let n = 0; n < 50; n += 1) step();
    expect([tf.memory().numTensors, tf.memory().numDataBuffers]).toEqual(before);
  });
});
