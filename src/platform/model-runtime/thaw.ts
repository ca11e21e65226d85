import type { Tensor } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { meanLoss, type Said, temperatureOf } from '../../core/calibration.js';
import type { SnapshotSample } from '../../core/manifest.js';
import { bucketOf } from '../../core/split.js';
import type { Base } from './base.js';
import { cooled, type DenseNetwork } from './dense-network.js';
import type { Joined } from './joined-model.js';
import { isRight } from './judgement.js';
import { type SeededRandom, seededRandom } from './random.js';
import { cosine, requireFinite, type TrainingPace } from './training-pace.js';
import type { ModelFiles, Thawing } from './types.js';

/*
 * A base that is trained on from a named layer, together with the head that was learnt on it. It counts only where it is
 * better on samples that neither it nor that head has learnt from.
 */

/** One sample in so many, by its group, is kept back to judge by. */
const KEPT_BACK = 5;
const FEWEST = 100;
const BATCH = 32;
/** Multiplications of a batch, about half a second: a run that is cancelled ends within a second. */
const MOST_OF_BATCH = 1e8;
/** Less than a fresh network would take: what the layers know is to be bent, not forgotten. */
const RATE = 1e-3;
const LOOKS = 12_000;
/** Multiplications of a run, forwards: about a minute on WebAssembly. Not a time, so that a run can be repeated bit by bit. */
const MOST_OF_RUN = 1.3e10;
const MOST_EPOCHS = 8;
/** A head that knows its samples by heart has no gradient left to hand down: training on begins with one that does not. */
const EARLY = 0.1;

export interface ThawOrder {
  readonly base: Base;
  /** The layer from which on the base learns. */
  readonly from: string;
  readonly samples: readonly SnapshotSample[];
  /** By sample: index of its label. */
  readonly targets: Int32Array;
  readonly importance: Float32Array;
  readonly members: Int32Array;
  readonly seed: number;
  readonly onProgress: (fraction: number, note: string) => void;
  /** A head on the frozen base, learnt from these samples alone, with a share of the usual looks at them. */
  headOn(members: Int32Array, effort: number): Promise<DenseNetwork>;
}

export interface Thawed {
  readonly report: Thawing;
  /** The whole network, with confidences made true on what was kept back; null where it is no better than the frozen base. */
  readonly files: ModelFiles | null;
}

/** Undefined for a graph and for few samples. */
export async function thaw(order: ThawOrder, pace: TrainingPace): Promise<Thawed | undefined> {
  const { base, from, seed } = order;
  const parts = partsOf(order);
  if (!base.layers || parts.learn.length < FEWEST || parts.judge.length === 0) return undefined;
  const size = sizeOf(base.layers);
  if (size * parts.learn.length > MOST_OF_RUN) return { files: null, report: tooLarge(from, size) };
  const onTop = async (head: DenseNetwork) =>
    new ThawingNetwork(base, (await base.joinedWith(head, 'linear'))!, head.at(-1)!.units);
  const frozen = await judged(await onTop(await order.headOn(parts.learn, 1)), order, parts.judge, pace);
  const head = await order.headOn(parts.learn, EARLY);
  const network = await onTop(head);
  network.freezeUpTo(from);
  const before = network.weights();
  try {
    const best = await descend(network, order, parts, { random: seededRandom(seed), pace, frozen, size });
    const report = { from, epochs: best?.epoch ?? 0, keptBack: parts.judge.length, frozen: scoreOf(frozen) };
    if (!best) return { files: null, report: { ...report, thawed: null } };
    network.restore(best.weights);
    const trained = cooled(network.head(head), temperatureOf(best.said));
    return { files: (await base.withHead(trained))!, report: { ...report, thawed: scoreOf(best.said) } };
  } finally {
    // The base is trained in place, and is still wanted as it was.
    network.restore(before);
  }
}

interface Parts {
  readonly learn: Int32Array;
  readonly judge: Int32Array;
}

/** Samples of one group are on one side. */
function partsOf({ samples, members }: ThawOrder): Parts {
  const isJudge = (i: number): boolean => {
    const { groupHash, sampleId } = samples[i]!;
    return bucketOf(`kept back ${groupHash ?? sampleId}`, KEPT_BACK) === 0;
  };
  return { learn: members.filter((i) => !isJudge(i)), judge: members.filter(isJudge) };
}

interface Best {
  readonly epoch: number;
  readonly weights: Float32Array[];
  readonly said: readonly Said[];
}

interface Descent {
  readonly random: SeededRandom;
  readonly pace: TrainingPace;
  /** What the frozen base says of the samples that judge. */
  readonly frozen: readonly Said[];
  /** Multiplications for one sample. */
  readonly size: number;
}

/** Multiplications for one input, forwards: each weight once a place that it is used at. */
function sizeOf({ layers }: LayersModel): number {
  return layers.reduce((sum, layer) => {
    const [, ...shape] = layer.outputShape as number[];
    const places = shape.length === 3 ? shape[0]! * shape[1]! : 1;
    return sum + layer.countParams() * places;
  }, 0);
}

const tooLarge = (from: string, size: number): Thawing => ({
  ...{ from, epochs: 0, keptBack: 0, frozen: null, thawed: null },
  refused: `${Math.round(size / 1e6)} million multiplications for one input, once for each sample, would take too long here`,
});

/** The surest epoch that is right as often as the frozen base on what was kept back; undefined when none is surer than that. */
async function descend(
  network: ThawingNetwork,
  { base, samples, targets, importance, onProgress }: ThawOrder,
  { learn, judge }: Parts,
  { random, pace, frozen, size }: Descent,
): Promise<Best | undefined> {
  const looks = Math.min(LOOKS, MOST_OF_RUN / size);
  const epochs = Math.max(1, Math.min(MOST_EPOCHS, Math.floor(looks / learn.length)));
  const order = learn.slice();
  let best: Best | undefined;
  const { accuracy } = scoreOf(frozen);
  let least = lossOf(frozen);
  for (let epoch = 1; epoch <= epochs; epoch += 1) {
    random.shuffle(order);
    for (let at = 0; at < order.length; at += network.rowsAtOnce) {
      const batch = order.subarray(at, at + network.rowsAtOnce);
      const rows = await base.numbers(Array.from(batch, (i) => samples[i]!.input));
      const rate = RATE * cosine((epoch - 1 + at / order.length) / epochs);
      const loss = network.learn(rows, { targets: pick(targets, batch), importance: pick(importance, batch) }, rate);
      requireFinite(loss, epoch);
      await pace.breathe();
    }
    const said = await judged(network, { base, samples, targets }, judge, pace);
    const loss = lossOf(said);
    if (loss < least && scoreOf(said).accuracy >= accuracy) {
      best = { epoch, weights: network.weights(), said };
      least = loss;
    }
    onProgress(
      epoch / epochs,
      `base and head, epoch ${epoch} of ${epochs}, loss ${loss.toFixed(4)} on what is kept back`,
    );
  }
  return best;
}

const pick = <Values extends Int32Array | Float32Array>(values: Values, indexes: Int32Array): number[] =>
  Array.from(indexes, (i) => values[i]!);

async function judged(
  network: ThawingNetwork,
  { base, samples, targets }: Pick<ThawOrder, 'base' | 'samples' | 'targets'>,
  judge: Int32Array,
  pace: TrainingPace,
): Promise<Said[]> {
  const said: Said[] = [];
  for (let at = 0; at < judge.length; at += network.rowsAtOnce) {
    const part = judge.subarray(at, at + network.rowsAtOnce);
    const rows = await base.numbers(Array.from(part, (i) => samples[i]!.input));
    network.probabilities(rows).forEach((probabilities, k) => said.push({ probabilities, target: targets[part[k]!]! }));
    await pace.breathe();
  }
  return said;
}

/** With confidences made true, as in service: one that only boasts less is no better. */
const lossOf = (said: readonly Said[]): number => meanLoss(said, temperatureOf(said));

function scoreOf(said: readonly Said[]): { loss: number; accuracy: number } {
  return { loss: lossOf(said), accuracy: said.filter(isRight).length / said.length };
}

/** A network whose last layers learn, by Adam. Every tensor is freed by the time a method returns. */
class ThawingNetwork {
  readonly rowsAtOnce: number;
  private readonly optimizer;

  constructor(
    private readonly base: Base,
    private readonly whole: Joined,
    private readonly classes: number,
  ) {
    this.optimizer = base.tf.train.adam(RATE);
    this.rowsAtOnce = Math.max(1, Math.min(BATCH, Math.floor(MOST_OF_BATCH / sizeOf(whole.model))));
  }

  /**
   * What lies before the layer keeps its weights, and so does every batch normalisation: its means are those of the data
   * that the base was trained on, and few samples would spoil them.
   */
  freezeUpTo(from: string): void {
    const { layers } = this.base.layers!;
    const first = layers.findIndex(({ name }) => name === from);
    layers.forEach((layer, i) => {
      layer.trainable = i >= first && layer.getClassName() !== 'BatchNormalization';
    });
  }

  /** One step; the mean loss before it. */
  learn(
    rows: readonly Float32Array[],
    { targets, importance }: { targets: number[]; importance: number[] },
    rate: number,
  ): number {
    const { tf } = this.base;
    return tf.tidy(() => {
      const truth = tf.oneHot(tf.tensor1d(targets, 'int32'), this.classes);
      const { value, grads } = tf.variableGrads(() => {
        const entropy = tf.neg(tf.sum(tf.mul(truth, tf.logSoftmax(this.sums(rows))), 1));
        return tf.mean(tf.mul(tf.tensor1d(importance), entropy));
      });
      (this.optimizer as unknown as { learningRate: number }).learningRate = rate;
      this.optimizer.applyGradients(Object.entries(grads).map(([name, tensor]) => ({ name, tensor })));
      return value.dataSync()[0]!;
    });
  }

  probabilities(rows: readonly Float32Array[]): Float32Array[] {
    const { tf } = this.base;
    const values = tf.tidy(() => tf.softmax(this.sums(rows)).dataSync() as Float32Array);
    const width = values.length / rows.length;
    return rows.map((_, i) => values.slice(i * width, (i + 1) * width));
  }

  weights(): Float32Array[] {
    return this.whole.model.trainableWeights.map((weight) => (weight.read().dataSync() as Float32Array).slice());
  }

  restore(values: readonly Float32Array[]): void {
    const { tf } = this.base;
    tf.tidy(() => {
      this.whole.model.trainableWeights.forEach((weight, i) => {
        weight.write(tf.tensor(values[i]!, weight.shape as number[]));
      });
    });
  }

  /** The head as it is now; `like` has its sizes. */
  head(like: DenseNetwork): DenseNetwork {
    return this.whole.head.map((layer, i) => {
      const [kernel, bias] = layer.getWeights().map((tensor) => (tensor.dataSync() as Float32Array).slice());
      return { ...like[i]!, kernel: kernel!, bias: bias! };
    });
  }

  /** Layers answer as in service: nothing is dropped out, and batch normalisations use what they know. */
  private sums(rows: readonly Float32Array[]): Tensor {
    return this.whole.model.apply(this.base.tensorOf(rows), { training: false }) as Tensor;
  }
}
