import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { openBackend } from '../../src/platform/model-runtime/backend.js';
import { Base } from '../../src/platform/model-runtime/base.js';
import { BaseThreads } from '../../src/platform/model-runtime/base-threads.js';
import { freshNetwork } from '../../src/platform/model-runtime/dense-network.js';
import { DenseHead, SparseHead } from '../../src/platform/model-runtime/heads.js';
import { savedFiles } from '../../src/platform/model-runtime/joined-model.js';
import { seededRandom } from '../../src/platform/model-runtime/random.js';

/* The same work for each: a dense head 256-128-77 under Adam, and softmax over 2^15 sparse features, 60 a row. */

const ROWS = 4_096;
const [WIDTH, HIDDEN, CLASSES] = [256, 128, 77];
const [TABLE, FEATURES] = [2 ** 15, 60];
const RATE = 4e-3;

export type Case = 'dense 32' | 'dense 256' | 'sparse' | 'base' | 'cnn';

/** Examples a second, or undefined where the contender is not there. */
type Contender = (work: Case, seconds: number) => Promise<number | undefined>;

const random = seededRandom(1);
const rows = Float32Array.from({ length: ROWS * WIDTH }, () => random.normal());
const targets = Int32Array.from({ length: ROWS }, () => Math.floor(random.next() * CLASSES));
const importance = new Float32Array(ROWS).fill(1);

/** Steps over the rows again and again; the first quarter warms up and is not counted. */
async function timed(batch: number, seconds: number, step: (from: number) => unknown): Promise<number> {
  let from = 0;
  const until = async (ends: number): Promise<number> => {
    let done = 0;
    while (performance.now() < ends) {
      await step(from);
      done += batch;
      from = from + 2 * batch > ROWS ? 0 : from + batch;
    }
    return done;
  };
  await until(performance.now() + 250 * seconds);
  const begin = performance.now();
  const done = await until(begin + 1_000 * seconds);
  return (done * 1_000) / (performance.now() - begin);
}

const orders = (batch: number) => (from: number) => Int32Array.from({ length: batch }, (_, i) => from + i);

type Net = Awaited<ReturnType<typeof convolutionalBase>>;

async function convolutionalBase() {
  const { layers, sequential } = await import('@tensorflow/tfjs-layers');
  const convolution = (filters: number) =>
    ({ filters, kernelSize: 3, strides: 2, padding: 'same', activation: 'relu' }) as const;
  return sequential({
    layers: [
      layers.conv2d({ inputShape: [64, 64, 3], ...convolution(16) }),
      layers.conv2d(convolution(32)),
      layers.conv2d(convolution(64)),
      layers.globalAveragePooling2d({}),
      layers.dense({ units: 256, activation: 'relu' }),
    ],
  });
}

/** A small convolutional base, forward only, as a run computes activations. */
async function baseForward(seconds: number, answer: (net: Net, pictures: tf.Tensor) => tf.Tensor): Promise<number> {
  const net = await convolutionalBase();
  const pictures = tf.randomNormal([32, 64, 64, 3], 0, 1, 'float32', 1);
  return timed(32, seconds, () => tf.tidy(() => void answer(net, pictures).dataSync()));
}

/** The same on two threads, as a run with much to compute has it done, with laying pictures together and sending them. */
async function baseOnThreads(seconds: number): Promise<number> {
  await openBackend('wasm');
  const files = await savedFiles(await convolutionalBase());
  const input = { kind: 'image', height: 64, width: 64, channels: 3, pixels: 'zero-to-one' } as const;
  const spec = { format: 'layers-model', input, outputLayer: null, trainableFrom: null } as const;
  const base = await Base.open(files, spec, 'wasm');
  const threads = new BaseThreads(base, { files, spec, backend: 'wasm' }, 2);
  const pictures = Array.from({ length: 32 }, () => Float32Array.from({ length: 64 * 64 * 3 }, () => random.normal()));
  const ask = (): Promise<unknown> => threads.activationsOf(pictures);
  const lanes = [ask, ask, ask, ask];
  // They start before time is taken, as all others do.
  await Promise.all(lanes.map((lane) => lane()));
  const rates = await Promise.all(lanes.map((lane) => timed(pictures.length, seconds, lane)));
  await threads.close();
  return rates.reduce((sum, rate) => sum + rate, 0);
}

/** A small convolutional network trained whole, as a base is trained on: by TensorFlow.js and our kernels for it. */
async function convolutionalTraining(backend: 'cpu' | 'wasm', seconds: number): Promise<number> {
  await openBackend(backend);
  const { layers, sequential } = await import('@tensorflow/tfjs-layers');
  const net = sequential({
    layers: [
      layers.conv2d({ inputShape: [28, 28, 1], filters: 8, kernelSize: 3, activation: 'relu' }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.conv2d({ filters: 16, kernelSize: 3, activation: 'relu' }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.flatten(),
      layers.dense({ units: 64, activation: 'relu' }),
      layers.dense({ units: 10 }),
    ],
  });
  const optimizer = tf.train.adam(RATE);
  const pictures = tf.randomNormal([32, 28, 28, 1], 0, 1, 'float32', 1);
  const truth = tf.oneHot(
    tf.tensor1d(
      targets.subarray(0, 32).map((target) => target % 10),
      'int32',
    ),
    10,
  );
  return timed(32, seconds, () =>
    tf.tidy(() => {
      const { grads, value } = tf.variableGrads(() => {
        const scores = net.apply(pictures, { training: false }) as tf.Tensor;
        return tf.mean(tf.neg(tf.sum(tf.mul(truth, tf.logSoftmax(scores)), 1))) as tf.Scalar;
      });
      optimizer.applyGradients(Object.entries(grads).map(([name, tensor]) => ({ name, tensor })));
      value.dataSync();
    }),
  );
}

const flywheel: Contender = async (work, seconds) => {
  if (work === 'cnn') return convolutionalTraining('wasm', seconds);
  if (work === 'base') {
    await openBackend('wasm');
    return baseForward(seconds, (net, pictures) => net.apply(pictures, { training: false }) as tf.Tensor);
  }
  const batch = work === 'dense 256' ? 256 : 32;
  const order = orders(batch);
  if (work === 'sparse') {
    const head = new SparseHead({
      rows: {
        starts: Int32Array.from({ length: ROWS + 1 }, (_, i) => i * FEATURES),
        ids: Int32Array.from({ length: ROWS * FEATURES }, () => Math.floor(random.next() * TABLE)),
        weights: Float32Array.from({ length: ROWS * FEATURES }, () => random.next()),
      },
      ...{ targets, importance, classes: CLASSES, table: new Float32Array(TABLE * CLASSES), l2: 1e-6 },
    });
    return timed(batch, seconds, (from) => head.learn(order(from), 0.1));
  }
  const start = freshNetwork([WIDTH, HIDDEN, CLASSES], random);
  const head = new DenseHead({ rows, targets, importance, start, l2: 1e-4, batch });
  return timed(batch, seconds, (from) => head.learn(order(from), RATE));
};

const flywheelOnThreads: Contender = async (work, seconds) => (work === 'base' ? baseOnThreads(seconds) : undefined);

/** TensorFlow.js with its own optimizer; the sparse case as rows of a gathered table, which it has no sparse update for. */
const tensorFlowJs =
  (backend: 'cpu' | 'wasm'): Contender =>
  async (work, seconds) => {
    // Neither backend ends a step on a gathered table of this size in reasonable time: training.md of the plan has it.
    if (work === 'sparse') return undefined;
    // On WebAssembly there is no training of convolutions without our kernels.
    if (work === 'cnn') return backend === 'cpu' ? convolutionalTraining('cpu', seconds) : undefined;
    await import('@tensorflow/tfjs-layers');
    await (backend === 'cpu' ? import('@tensorflow/tfjs-backend-cpu') : import('@tensorflow/tfjs-backend-wasm'));
    await tf.setBackend(backend);
    if (work === 'base') return baseForward(seconds, (net, pictures) => net.predict(pictures) as tf.Tensor);
    const batch = work === 'dense 256' ? 256 : 32;
    const variables = freshNetwork([WIDTH, HIDDEN, CLASSES], random).flatMap(({ inputs, units, kernel, bias }) => [
      tf.variable(tf.tensor2d(kernel, [inputs, units])),
      tf.variable(tf.tensor1d(bias)),
    ]);
    const optimizer = tf.train.adam(RATE);
    return timed(batch, seconds, (from) => tf.tidy(() => step(optimizer, variables, from, batch)));
  };

function step(optimizer: tf.Optimizer, variables: tf.Variable[], from: number, batch: number): void {
  const inputs = tf.tensor2d(rows.subarray(from * WIDTH, (from + batch) * WIDTH), [batch, WIDTH]);
  const truth = tf.oneHot(tf.tensor1d(targets.subarray(from, from + batch), 'int32'), CLASSES);
  const [kernel, bias, lastKernel, lastBias] = variables;
  optimizer.minimize(
    () => {
      const hidden = tf.relu(tf.add(tf.matMul(inputs, kernel as tf.Tensor2D), bias!));
      const scores = tf.add(tf.matMul(hidden, lastKernel as tf.Tensor2D), lastBias!);
      return tf.mean(tf.neg(tf.sum(tf.mul(truth, tf.logSoftmax(scores)), 1))) as tf.Scalar;
    },
    false,
    variables,
  );
}

/** Debian's PyTorch (package python3-torch), when it is installed. */
const pyTorch =
  (threads: number): Contender =>
  async (work, seconds) => {
    const script = fileURLToPath(new URL('./torch_peer.py', import.meta.url));
    const { status, stdout } = spawnSync('/usr/bin/python3', [script, work, String(threads), String(seconds)], {
      encoding: 'utf8',
    });
    return status === 0 ? Number(stdout) : undefined;
  };

/** In this order in every round, so that noise meets all alike. */
export const CONTENDERS: Readonly<Record<string, Contender>> = {
  'flywheel, 1 thread': flywheel,
  'flywheel, 2 threads': flywheelOnThreads,
  'PyTorch, 1 thread': pyTorch(1),
  'PyTorch, 2 threads': pyTorch(2),
  'TensorFlow.js wasm': tensorFlowJs('wasm'),
  'TensorFlow.js cpu': tensorFlowJs('cpu'),
};
