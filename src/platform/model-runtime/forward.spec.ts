import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, describe, expect, it } from 'vitest';
import { openBackend } from './backend.js';
import { seededRandom } from './random.js';

type Shape4 = [number, number, number, number];
type Activation = 'linear' | 'relu' | 'relu6' | 'elu';
type Pad = 'valid' | 'same' | [[0, 0], [number, number], [number, number], [0, 0]];

const random = seededRandom(7);
const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);
const normals = (shape: readonly number[]): Float32Array =>
  Float32Array.from({ length: sizeOf(shape) }, () => 2 * random.normal());
/** As relu leaves them: about half are 0. */
const closed = (shape: readonly number[]): Float32Array => normals(shape).map((value) => Math.max(0, value));

interface Work {
  readonly image: Shape4;
  readonly filter: Shape4;
  readonly strides?: number | [number, number];
  readonly pad?: Pad;
  readonly activation?: Activation;
  readonly dilations?: number;
}

/** The largest difference between the answers on WebAssembly and in plain JavaScript, as a share of the largest answer. */
async function disagreement(work: Work, values = closed): Promise<number> {
  const [x, filter, bias] = [values(work.image), normals(work.filter), normals([work.filter[3]])];
  const answers: Float32Array[] = [];
  for (const backend of ['cpu', 'wasm']) {
    await tf.setBackend(backend);
    answers.push(answerOf(work, { x, filter, bias }));
  }
  const [expected, found] = answers as [Float32Array, Float32Array];
  expect(found.length).toBe(expected.length);
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  return expected.reduce((most, value, i) => Math.max(most, Math.abs(value - found[i]!)), 0) / largest;
}

function answerOf(work: Work, given: Record<'x' | 'filter' | 'bias', Float32Array>): Float32Array {
  const answer = tf.fused.conv2d({
    x: tf.tensor4d(given.x, work.image),
    filter: tf.tensor4d(given.filter, work.filter),
    bias: tf.tensor1d(given.bias),
    strides: work.strides ?? 1,
    pad: work.pad ?? 'same',
    activation: work.activation ?? 'relu',
    dilations: work.dilations ?? 1,
  });
  return answer.dataSync() as Float32Array;
}

const NOISE = 1e-5;

/** Convolutions forward beside those of TensorFlow.js's plain JavaScript backend. */
describe('convolutions on WebAssembly', () => {
  beforeAll(async () => {
    await openBackend('wasm');
  });

  it.each([1, 3, 4, 7, 8, 12, 16, 24, 31, 32, 40, 56, 64, 104, 107])('of %i channels of answers', async (channels) => {
    for (const read of [1, 3, 4, 5, 16, 21])
      expect(await disagreement({ image: [2, 7, 6, read], filter: [3, 3, read, channels] })).toBeLessThan(NOISE);
  });

  it.each(['linear', 'relu', 'relu6', 'elu'] as const)('with %s after them', async (activation) => {
    for (const read of [3, 9])
      expect(
        await disagreement({ image: [2, 8, 9, read], filter: [3, 3, read, 16], activation }, normals),
      ).toBeLessThan(NOISE);
  });

  it.each([
    ['same', 1],
    ['same', 2],
    ['same', 4],
    ['valid', 1],
    ['valid', 3],
    ['same', [2, 1]],
    ['valid', [1, 3]],
    [
      [
        [0, 0],
        [2, 1],
        [0, 3],
        [0, 0],
      ],
      2,
    ],
    [
      [
        [0, 0],
        [0, 5],
        [4, 0],
        [0, 0],
      ],
      1,
    ],
  ] as [Pad, number | [number, number]][])('padded %j, strides %j', async (pad, strides) => {
    const sizes: [number, number][] = [
      [1, 1],
      [3, 3],
      [2, 5],
      [5, 2],
    ];
    for (const [high, wide] of sizes)
      for (const read of [1, 3, 6])
        for (const width of [5, 8, 13])
          expect(
            await disagreement({ image: [2, 9, width, read], filter: [high, wide, read, 8], pad, strides }),
          ).toBeLessThan(NOISE);
  });

  it('of an image that is smaller than the filter, and of dilated filters', async () => {
    for (const read of [2, 8]) {
      expect(await disagreement({ image: [1, 2, 2, read], filter: [5, 5, read, 8] })).toBeLessThan(NOISE);
      expect(await disagreement({ image: [1, 9, 9, read], filter: [3, 3, read, 8], dilations: 2 })).toBeLessThan(NOISE);
    }
  });

  it('of windows that lie in the padding alone', async () => {
    for (const read of [3, 8]) {
      const right: Pad = [
        [0, 0],
        [0, 7],
        [0, 900_000],
        [0, 0],
      ];
      const left: Pad = [
        [0, 0],
        [8, 0],
        [18, 0],
        [0, 0],
      ];
      const wide: Work = { image: [1, 3, 4, read], filter: [2, 2, read, 8], strides: [1, 100], pad: right };
      expect(await disagreement(wide)).toBeLessThan(NOISE);
      const narrow: Work = { image: [1, 2, 1, read], filter: [1, 1, read, 8], strides: [1, 5], pad: left };
      expect(await disagreement(narrow)).toBeLessThan(NOISE);
    }
  });

  it('of images in which everything is 0, or nothing', async () => {
    const work: Work = { image: [3, 12, 12, 24], filter: [3, 3, 24, 40], strides: 2 };
    expect(await disagreement(work, (shape) => new Float32Array(sizeOf(shape)))).toBeLessThan(NOISE);
    expect(await disagreement(work, normals)).toBeLessThan(NOISE);
  });

  it('keep what is no number', async () => {
    await tf.setBackend('wasm');
    for (const read of [3, 8]) {
      const image = new Float32Array(6 * 6 * read).fill(1);
      image[2 * 6 * read] = NaN;
      const filter = tf.ones([3, 3, read, 8]) as tf.Tensor4D;
      const x = tf.tensor4d(image, [1, 6, 6, read]);
      const answers = tf.fused.conv2d({ x, filter, strides: 1, pad: 'valid', activation: 'relu6' }).dataSync();
      // Rows 0 to 2 of the answers look at row 2 of the image, and its first place is seen from their first alone.
      const lost = [...answers.keys()].filter((i) => Number.isNaN(answers[i]));
      expect(lost).toEqual([0, 1, 2].flatMap((row) => Array.from({ length: 8 }, (_, c) => 32 * row + c)));
    }
  });

  it('have the same bits alone as among others', async () => {
    await tf.setBackend('wasm');
    for (const read of [3, 32]) {
      const work: Work = { image: [5, 11, 10, read], filter: [3, 3, read, 48], strides: 2 };
      const given = { x: closed(work.image), filter: normals(work.filter), bias: normals([48]) };
      const together = answerOf(work, given);
      for (let i = 0; i < 5; i += 1) {
        const [each, answers] = [given.x.length / 5, together.length / 5];
        const alone = answerOf(
          { ...work, image: [1, 11, 10, read] },
          { ...given, x: given.x.slice(i * each, (i + 1) * each) },
        );
        expect(alone).toEqual(together.slice(i * answers, (i + 1) * answers));
      }
    }
  });

  it('leave no tensor behind', async () => {
    await tf.setBackend('wasm');
    const work: Work = { image: [2, 8, 8, 8], filter: [3, 3, 8, 8] };
    const given = { x: closed(work.image), filter: normals(work.filter), bias: normals([8]) };
    const once = () => tf.tidy(() => void answerOf(work, given));
    once();
    const before = [tf.memory().numTensors, tf.memory().numDataBuffers];
    for (let n = 0; n < 20; n += 1) once();
    expect([tf.memory().numTensors, tf.memory().numDataBuffers]).toEqual(before);
  });
});

describe('means over the places of images on WebAssembly', () => {
  beforeAll(async () => {
    await openBackend('wasm');
  });

  it.each([1, 3, 4, 7, 16, 30])('of %i channels', async (channels) => {
    const image: Shape4 = [3, 5, 7, channels];
    const values = normals(image);
    const meansOn = async (backend: string, axes: number[], keepDims: boolean) => {
      await tf.setBackend(backend);
      const means = tf.mean(tf.tensor4d(values, image), axes, keepDims);
      return { shape: means.shape, values: means.dataSync() };
    };
    for (const axes of [[1, 2], [2, 1], [-2, -3], [0, 1], [2], [1, 2, 3]]) {
      for (const keepDims of [false, true]) {
        const expected = await meansOn('cpu', axes, keepDims);
        const found = await meansOn('wasm', axes, keepDims);
        expect(found.shape).toEqual(expected.shape);
        found.values.forEach((value, i) => expect(value).toBeCloseTo(expected.values[i]!, 5));
      }
    }
  });

  it('keep their digits where there are many places, and what is no number in its channel', async () => {
    await tf.setBackend('wasm');
    const [side, channels] = [224, 8];
    const values = Float32Array.from({ length: side * side * channels }, () => 1_000 + random.next());
    values[channels + 2] = NaN;
    const means = tf.mean(tf.tensor4d(values, [1, side, side, channels]), [1, 2]).dataSync();
    for (let channel = 0; channel < channels; channel += 1) {
      let sum = 0;
      for (let i = channel; i < values.length; i += channels) sum += values[i]!;
      if (channel === 2) expect(means[channel]).toBeNaN();
      else expect(Math.abs(means[channel]! / (sum / side ** 2) - 1)).toBeLessThan(1e-6);
    }
  });
});

it('the module writes nothing of its own into the memory that it is given', () => {
  const memory = new WebAssembly.Memory({ initial: 2, maximum: 2 });
  new Uint8Array(memory.buffer).fill(170);
  const module = new WebAssembly.Module(readFileSync(new URL('./forward.wasm', import.meta.url)));
  new WebAssembly.Instance(module, { env: { memory, abort: () => undefined } });
  expect(new Uint8Array(memory.buffer).every((byte) => byte === 170)).toBe(true);
});
