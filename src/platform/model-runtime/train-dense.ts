import type { Input } from '../../core/input.js';
import { type DenseInputs, type DenseWeights, denseFeatures } from './dense-model.js';
import * as net from './dense-network.js';
import { DenseHead } from './heads.js';
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

interface Descent extends Pick<TrainingOptions, 'onProgress'> {
  readonly random: SeededRandom;
}

/** A multilayer perceptron (plain softmax regression for few samples) on standardised inputs, by Adam. */
export async function trainDense(
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
  const importance = balancedImportance(targets, labels.length);
  const head = new DenseHead({ rows, targets, importance, start, l2: L2, batch: batchSize(samples.length) });
  const result = await descend(head, samples.length, { random, onProgress: options.onProgress }, pace);
  return { weights: { labels, inputs, network: net.onRawInputs(head.network(), standard) }, ...result };
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

/** One descent in batches of our own order, so that it repeats bit for bit. */
async function descend(head: DenseHead, count: number, options: Descent, pace: TrainingPace) {
  const { random, onProgress } = options;
  const size = batchSize(count);
  const epochs = epochsFor(count, size);
  const order = Int32Array.from({ length: count }, (_, i) => i);
  let finalLoss = 0;
  for (let epoch = 0; epoch < epochs; epoch += 1) {
    random.shuffle(order);
    let loss = 0;
    for (let from = 0; from < count; from += size) {
      loss += head.learn(order.subarray(from, from + size), RATE * cosine((epoch + from / count) / epochs));
      await pace.breathe();
    }
    finalLoss = loss / count;
    requireFinite(finalLoss, epoch + 1);
    onProgress((epoch + 1) / epochs, `epoch ${epoch + 1} of ${epochs}, loss ${finalLoss.toFixed(4)}`);
  }
  return { finalLoss, epochs };
}

const batchSize = (count: number): number => (count >= BATCH.manyFrom ? BATCH.many : BATCH.few);

function epochsFor(count: number, batch: number): number {
  const wanted = Math.max(EPOCHS.looks / count, (FEWEST_STEPS * batch) / count);
  return Math.round(Math.max(EPOCHS.fewest, Math.min(EPOCHS.most, wanted)));
}
