import { areSameInputs, type DenseInputs, type DenseWeights, encodeDenseModel, widthOf } from './dense-model.js';
import * as net from './dense-network.js';
import { type Goal, offScale } from './goal.js';
import { DenseHead } from './heads.js';
import type { Fit, FitOrder, Learner } from './learner.js';
import { type SeededRandom, seededRandom } from './random.js';
import { cosine, requireFinite, type TrainingPace } from './training-pace.js';

/** With fewer samples a hidden layer only learns them by heart. */
const FEWEST_FOR_HIDDEN = 300;
const HIDDEN_UNITS = { vector: 64, image: 128, base: 128 } as const;
const BATCH = { few: 32, many: 128, manyFrom: 4_000 } as const;
const RATE = 4e-3;
const L2 = 1e-4;
/** Bounds of a run: enough steps for small data, a bounded number of looks at samples for large. */
const FEWEST_STEPS = 400;
const EPOCHS = { fewest: 6, most: 1_000 } as const;
/** Looks at samples in a run, rows of a step, and L2. */
const OF_LABELS = {
  looks: 40_000,
  batch: (samples: number) => (samples >= BATCH.manyFrom ? BATCH.many : BATCH.few),
  l2: () => L2,
};
/**
 * Values need more and smaller steps, and a decay that is less the more samples there are, as in ridge regression.
 * Measured on diabetes, Friedman 1 and 2 (400 to 4,000 samples) and the demand of Elec2: between 1 and 10 times samples
 * it is flat, and twice as many looks bring one point of a hundred.
 */
const OF_VALUES = { looks: 400_000, batch: () => BATCH.few, l2: (samples: number) => 3 / samples };

interface Numbers {
  readonly goal: Goal;
  readonly inputs: DenseInputs;
  /** [n x width] standardised. */
  readonly rows: Float32Array;
  readonly standard: net.Standard;
  readonly parent: DenseWeights | undefined;
}

/**
 * On standardised inputs, by Adam: a linear model and, where there are enough samples, a multilayer perceptron. Which of
 * them is better they are asked out of fold.
 * @param samples the numbers of each, in the order of the goal's targets
 * @returns the simplest first
 */
export function denseLearners(
  samples: readonly ArrayLike<number>[],
  { goal, inputs }: { readonly goal: Goal; readonly inputs: DenseInputs },
  pace: TrainingPace,
  parent?: DenseWeights,
): Learner[] {
  const width = widthOf(inputs);
  const rows = new Float32Array(samples.length * width);
  samples.forEach((numbers, i) => rows.set(numbers, i * width));
  const standard = net.standardOf(rows, width);
  net.standardise(rows, standard);
  const numbers = { goal, inputs, rows, standard, parent };
  const hidden = samples.length >= FEWEST_FOR_HIDDEN ? [[], [HIDDEN_UNITS[inputs.kind]]] : [[]];
  return hidden.map((units) => new DenseLearner(numbers, units, pace));
}

class DenseLearner implements Learner {
  readonly labels: readonly string[];
  readonly name: string;
  /** Undefined where it reads something else or has other layers. */
  private readonly parent: DenseWeights | undefined;

  constructor(
    private readonly numbers: Numbers,
    /** Units of each layer between input and output. */
    private readonly hidden: readonly number[],
    private readonly pace: TrainingPace,
  ) {
    this.labels = numbers.goal.labels;
    this.name = hidden.length === 0 ? 'linear' : `hidden layer of ${hidden.join(', ')}`;
    const { parent, inputs } = numbers;
    const isAlike = parent && areSameInputs(parent.inputs, inputs) && parent.network.length === hidden.length + 1;
    this.parent = isAlike ? parent : undefined;
  }

  get isHeir(): boolean {
    return this.parent !== undefined;
  }

  async fit(order: FitOrder): Promise<Fit> {
    const { inputs, rows, standard } = this.numbers;
    const { labels, targets, scale } = this.numbers.goal;
    const random = seededRandom(order.seed);
    const start = this.startNetwork(order, random);
    const { looks, ...pace } = scale ? OF_VALUES : OF_LABELS;
    const [size, l2] = [pace.batch(order.members.length), pace.l2(order.members.length)];
    const head = new DenseHead({ rows, targets, importance: order.importance, start, l2, batch: size });
    const result = await descend(head, order, { random, size, looks, pace: this.pace });
    return {
      ...result,
      answer: (sample) => {
        const [answered] = head.answer(Int32Array.of(sample));
        return scale ? answered!.map((value) => offScale(value, scale)) : answered!;
      },
      files: (temperature) => {
        const learnt = net.onRawInputs(head.network(), standard);
        const network = scale ? net.onRawOutputs(learnt, scale) : net.cooled(learnt, temperature);
        return encodeDenseModel({ labels, inputs, network, temperature, activation: scale ? 'linear' : 'softmax' });
      },
    };
  }

  private startNetwork({ isWarm }: FitOrder, random: SeededRandom): net.DenseNetwork {
    const { inputs, standard } = this.numbers;
    const { labels, scale } = this.numbers.goal;
    const { parent } = this;
    if (!isWarm || !parent) return net.freshNetwork([widthOf(inputs), ...this.hidden, labels.length], random);
    const columns = parent.labels.map((label) => labels.indexOf(label));
    const known = scale
      ? net.onScaledOutputs(parent.network, scale)
      : net.cooled(parent.network, 1 / parent.temperature);
    const before = net.onStandardInputs(known, standard);
    return net.warmNetwork(before, columns, labels.length, random);
  }
}

/** One descent in batches of our own order, so that it repeats bit for bit. */
async function descend(
  head: DenseHead,
  { members, effort, rate = 1, onProgress }: FitOrder,
  { random, size, looks, pace }: { random: SeededRandom; size: number; looks: number; pace: TrainingPace },
) {
  const count = members.length;
  const epochs = Math.max(1, Math.round(epochsFor(count, size, looks) * effort));
  const order = members.slice();
  let finalLoss = 0;
  for (let epoch = 0; epoch < epochs; epoch += 1) {
    random.shuffle(order);
    let loss = 0;
    for (let from = 0; from < count; from += size) {
      const step = rate * RATE * cosine((epoch + from / count) / epochs);
      loss += head.learn(order.subarray(from, from + size), step);
      await pace.breathe();
    }
    finalLoss = loss / count;
    requireFinite(finalLoss, epoch + 1);
    onProgress((epoch + 1) / epochs, `epoch ${epoch + 1} of ${epochs}, loss ${finalLoss.toFixed(4)}`);
  }
  return { finalLoss, epochs };
}

function epochsFor(count: number, batch: number, looks: number): number {
  const wanted = Math.max(looks / count, (FEWEST_STEPS * batch) / count);
  return Math.round(Math.max(EPOCHS.fewest, Math.min(EPOCHS.most, wanted)));
}
