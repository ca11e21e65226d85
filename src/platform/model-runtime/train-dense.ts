import type { Scalar, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import type { Input } from '../../core/input.js';
import type { Tf } from './backend.js';
import { type DenseInputs, type DenseWeights, denseFeatures } from './dense-model.js';
import * as net from './dense-network.js';
import { pixelsIn } from './image-pixels.js';
import { type SeededRandom, seededRandom } from './random.js';
import type { Fitted } from './train-text.js';
import { balancedImportance, cosine, requireFinite, TrainingPace } from './training-pace.js';
import type { TrainingOptions } from './types.js';

const IMAGE = { kind: 'image', shape: { width: 28, height: 28, channels: 1 } } as const;
/** With fewer samples a hidden layer only learns them by heart. */
const FEWEST_FOR_HIDDEN = 300;
const HIDDEN_UNITS = { vector: 64, image: 128 } as const;
const BATCH = { few: 32, many: 128, manyFrom: 4_000 } as const;
const RATE = 4e-3;
const L2 = 1e-4;
/** Bounds of a run: enough steps for small data, a bounded number of looks at samples for large. */
const FEWEST_STEPS = 400;
const EPOCHS = { fewest: 6, most: 100, looks: 40_000 } as const;

export interface LabelledInput {
  readonly input: Input;
  readonly label: string;
}

interface Batches {
  /** [n x width] standardised. */
  readonly rows: Float32Array;
  readonly width: number;
  readonly targets: Int32Array;
  readonly importance: Float32Array;
}

/** A multilayer perceptron (plain softmax regression for few samples) on standardised inputs, by Adam. */
export async function trainDense(
  tf: Tf,
  samples: readonly LabelledInput[],
  labels: readonly string[],
  { parent, ...options }: Omit<TrainingOptions, 'parent'> & { parent?: DenseWeights | undefined },
): Promise<Fitted<DenseWeights>> {
  const pace = new TrainingPace(options.signal);
  const inputs = inputsOf(samples[0]!.input);
  const width = inputs.kind === 'image' ? pixelsIn(inputs.shape) : inputs.size;
  const rows = await readRows(samples, inputs, width, pace);
  const standard = net.standardOf(rows, width);
  net.standardise(rows, standard);

  const columns = new Map(labels.map((label, column) => [label, column]));
  const targets = Int32Array.from(samples, ({ label }) => columns.get(label)!);
  const random = seededRandom(options.seed);
  const hidden = samples.length >= FEWEST_FOR_HIDDEN ? [HIDDEN_UNITS[inputs.kind]] : [];
  const start = startNetwork({ width, hidden, labels, standard, parent }, random);
  const batches = { rows, width, targets, importance: balancedImportance(targets, labels.length) };
  const { network, ...result } = await new DenseFit(tf, start, batches).run(random, options, pace);
  return { weights: { labels, inputs, network: net.onRawInputs(network, standard) }, ...result };
}

const inputsOf = (first: Input): DenseInputs =>
  'vector' in first ? { kind: 'vector', size: first.vector.length } : IMAGE;

async function readRows(samples: readonly LabelledInput[], inputs: DenseInputs, width: number, pace: TrainingPace) {
  const rows = new Float32Array(samples.length * width);
  for (const [index, { input }] of samples.entries()) {
    rows.set(await denseFeatures(input, index, inputs), index * width);
    await pace.breathe();
  }
  return rows;
}

interface Start {
  readonly width: number;
  readonly hidden: readonly number[];
  readonly labels: readonly string[];
  readonly standard: net.Standard;
  readonly parent: DenseWeights | undefined;
}

/** The parent's network, unless it reads another number of inputs or lacks the hidden layer this many samples deserve. */
function startNetwork({ width, hidden, labels, standard, parent }: Start, random: SeededRandom): net.DenseNetwork {
  if (!parent || parent.network[0]!.inputs !== width || parent.network.length < hidden.length + 1) {
    return net.freshNetwork([width, ...hidden, labels.length], random);
  }
  const columns = parent.labels.map((label) => labels.indexOf(label));
  return net.warmNetwork(net.onStandardInputs(parent.network, standard), columns, labels.length, random);
}

/** One descent on a TensorFlow.js backend with our own batches, so that it repeats bit for bit. */
class DenseFit {
  private readonly variables: readonly (readonly [Variable, Variable])[];

  constructor(
    private readonly tf: Tf,
    private readonly start: net.DenseNetwork,
    private readonly batches: Batches,
  ) {
    this.variables = start.map(({ inputs, units, kernel, bias }) => [
      tf.variable(tf.tensor2d(kernel, [inputs, units])),
      tf.variable(tf.tensor1d(bias)),
    ]);
  }

  async run(random: SeededRandom, { onProgress }: Pick<TrainingOptions, 'onProgress'>, pace: TrainingPace) {
    const count = this.batches.targets.length;
    const size = count >= BATCH.manyFrom ? BATCH.many : BATCH.few;
    const epochs = epochsFor(count, size);
    const order = Int32Array.from({ length: count }, (_, i) => i);
    const optimizer = this.tf.train.adam(RATE);
    let finalLoss = 0;
    for (let epoch = 0; epoch < epochs; epoch += 1) {
      random.shuffle(order);
      let loss = 0;
      for (let from = 0; from < count; from += size) {
        Object.assign(optimizer, { learningRate: RATE * cosine((epoch + from / count) / epochs) });
        const members = order.subarray(from, from + size);
        loss += this.step(optimizer, members) * members.length;
        await pace.breathe();
      }
      finalLoss = loss / count;
      requireFinite(finalLoss, epoch + 1);
      onProgress((epoch + 1) / epochs, `epoch ${epoch + 1} of ${epochs}, loss ${finalLoss.toFixed(4)}`);
    }
    optimizer.dispose();
    return { network: this.takeNetwork(), finalLoss, epochs };
  }

  private step(optimizer: ReturnType<Tf['train']['adam']>, members: Int32Array): number {
    const { tf } = this;
    return tf.tidy(() => {
      const { rows, width, targets, importance } = this.batches;
      const batch = new Float32Array(members.length * width);
      members.forEach((row, i) => batch.set(rows.subarray(row * width, (row + 1) * width), i * width));
      const inputs = tf.tensor2d(batch, [members.length, width]);
      const truth = tf.oneHot(
        tf.tensor1d(
          Int32Array.from(members, (row) => targets[row]!),
          'int32',
        ),
        this.start.at(-1)!.units,
      );
      const weights = tf.tensor1d(Float32Array.from(members, (row) => importance[row]!));
      const cost = optimizer.minimize(() => this.loss(inputs, truth, weights), true, this.variables.flat());
      return cost!.dataSync()[0]!;
    });
  }

  /** mean(importance * cross entropy) + L2 / 2 * |kernels|^2 */
  private loss(
    inputs: ReturnType<Tf['tensor2d']>,
    truth: ReturnType<Tf['oneHot']>,
    weights: ReturnType<Tf['tensor1d']>,
  ) {
    const { tf } = this;
    let values = inputs;
    this.variables.forEach(([kernel, bias], depth) => {
      const before = depth > 0 ? tf.relu(values) : values;
      values = tf.add(tf.matMul(before, kernel as Tensor2D), bias);
    });
    const entropy = tf.neg(tf.sum(tf.mul(truth, tf.logSoftmax(values)), 1));
    const decay = this.variables.map(([kernel]) => tf.mul(tf.sum(tf.square(kernel)), L2 / 2));
    return tf.addN([tf.mean(tf.mul(weights, entropy)), ...decay]) as Scalar;
  }

  private takeNetwork(): net.DenseNetwork {
    return this.start.map((layer, i) => {
      const [kernel, bias] = this.variables[i]!;
      const taken = {
        ...layer,
        kernel: Float32Array.from(kernel.dataSync()),
        bias: Float32Array.from(bias.dataSync()),
      };
      kernel.dispose();
      bias.dispose();
      return taken;
    });
  }
}

function epochsFor(count: number, batch: number): number {
  const wanted = Math.max(EPOCHS.looks / count, (FEWEST_STEPS * batch) / count);
  return Math.round(Math.max(EPOCHS.fewest, Math.min(EPOCHS.most, wanted)));
}
