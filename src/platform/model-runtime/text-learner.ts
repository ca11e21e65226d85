import { type TextFeatures, textFeatures } from '../../core/text-features.js';
import { type Goal, offScale, type Scale } from './goal.js';
import { SparseHead } from './heads.js';
import type { Fit, FitOrder, Learner } from './learner.js';
import { seededRandom } from './random.js';
import type { SparseRows, Targets } from './sparse-rows.js';
import { CONSTANT, learnVocabulary, TextFeaturiser } from './text-featuriser.js';
import { encodeTextModel, type TextWeights } from './text-model.js';
import { cosine, requireFinite, type TrainingPace } from './training-pace.js';

/** Learning rate at the start; rows have length 1. Measured on Banking77, flat between 5 and 30. */
const RATE = 10;
/** L2 times the number of samples, 1 / C of scikit-learn. */
const L2_TIMES_SAMPLES = 0.03;
/** The same for values, where a step of 2 or more would never settle. */
const OF_VALUES = { rate: 1, l2TimesSamples: 0.1 } as const;
const HASH_SEED = 0;
const ROWS_A_STRETCH = 32;
const FEWEST_EPOCHS = 8;
const MOST_EPOCHS = 30;
/** Samples looked at in a whole run, within the bounds on epochs. */
const LOOKS = 80_000;

/**
 * A linear model on hashed n-grams: softmax regression, or least squares. The name of each label is one more sample of
 * it ("card_arrival" reads "card arrival"): on Banking77 that is worth 5 points with 5 samples a label and nothing is
 * lost with 100. Labels without a sample take no part, else they would unlearn what they know: they keep the parent's
 * weights.
 * @param texts of the samples, in the order of the goal's targets
 */
export async function textLearner(
  texts: readonly string[],
  goal: Goal,
  pace: TrainingPace,
  parent?: TextWeights,
): Promise<Learner> {
  const present = goal.scale ? goal.labels : labelsWithSamples(goal);
  const named = goal.scale ? texts : [...texts, ...present.map(wordsOf)];
  const features: TextFeatures[] = [];
  for (const text of named) {
    features.push(textFeatures(text, HASH_SEED));
    await pace.breathe();
  }
  const featuriser = new TextFeaturiser(learnVocabulary(features, HASH_SEED, parent?.featuriser.vocabulary));
  const targets = goal.scale ? goal.targets : targetsWithNames(goal, present);
  return new TextLearner({ goal, present, featuriser, rows: gather(features, featuriser), targets, parent }, pace);
}

function labelsWithSamples({ labels, targets }: Goal): string[] {
  const used = new Set(targets);
  return labels.filter((_, index) => used.has(index));
}

/** The columns of the samples' labels among those present, then each of these once more, for its name. */
function targetsWithNames({ labels, targets }: Goal, present: readonly string[]): Int32Array {
  const columns = new Map(present.map((label, column) => [label, column]));
  return Int32Array.from([...targets, ...present.map((label) => labels.indexOf(label))], (index) =>
    columns.get(labels[index]!)!,
  );
}

interface Texts {
  readonly goal: Goal;
  /** The labels that have samples: the columns that learn. */
  readonly present: readonly string[];
  readonly featuriser: TextFeaturiser;
  /** The samples, then (unless values are learnt) the names of the labels present. */
  readonly rows: SparseRows;
  /** Index of each row's label among those present, or its value. */
  readonly targets: Targets;
  readonly parent: TextWeights | undefined;
}

class TextLearner implements Learner {
  readonly name = 'linear';
  readonly labels: readonly string[];
  readonly isHeir: boolean;
  private readonly samples: number;

  constructor(
    private readonly texts: Texts,
    private readonly pace: TrainingPace,
  ) {
    this.labels = texts.goal.labels;
    this.isHeir = texts.parent !== undefined;
    this.samples = texts.goal.targets.length;
  }

  async fit(order: FitOrder): Promise<Fit> {
    const { goal, present, featuriser, rows, targets, parent } = this.texts;
    const { labels, scale } = goal;
    const members = Int32Array.from([...order.members, ...this.nameRows()]);
    const head = new SparseHead({
      rows,
      targets,
      importance: this.withNames(order),
      classes: present.length,
      table: order.isWarm && parent ? this.ofPresent(this.inheritedTable()) : emptyTable(featuriser, present),
      l2: (scale ? OF_VALUES.l2TimesSamples : L2_TIMES_SAMPLES) / members.length,
    });
    const rate = (order.rate ?? 1) * (scale ? OF_VALUES.rate : RATE);
    const result = await descend(head, members, { ...order, rate }, this.pace);
    const columns = present.map((label) => labels.indexOf(label));
    const answered = new Float64Array(labels.length);
    return {
      ...result,
      answer: (sample) => {
        head.answer(sample).forEach((p, column) => (answered[columns[column]!] = scale ? offScale(p, scale) : p));
        return answered;
      },
      files: (temperature) => {
        const table = this.ofAll(head.table());
        if (scale)
          return encodeTextModel({ labels, featuriser, table: onRawValues(table, scale), temperature }, 'linear');
        return encodeTextModel({ labels, featuriser, table: divide(table, temperature), temperature });
      },
    };
  }

  /** The columns of the labels present, of a table of all labels. */
  private ofPresent(table: Float32Array): Float32Array {
    const { goal, present, featuriser } = this.texts;
    if (present.length === goal.labels.length) return table;
    const to = { labels: present, featuriser, table: emptyTable(featuriser, present) };
    return copyColumns({ labels: goal.labels, featuriser, table }, to);
  }

  /** A table of all labels from that of those present; the others keep the parent's weights. */
  private ofAll(table: Float32Array): Float32Array {
    const { goal, present, featuriser } = this.texts;
    if (present.length === goal.labels.length) return table;
    const to = { labels: goal.labels, featuriser, table: this.inheritedTable() };
    return copyColumns({ labels: present, featuriser, table }, to);
  }

  private nameRows(): number[] {
    return Array.from({ length: this.texts.targets.length - this.samples }, (_, i) => this.samples + i);
  }

  /** The name of a label counts as much as one of its samples does on average. */
  private withNames({ members, importance }: FitOrder): Float32Array {
    const { targets, present, goal } = this.texts;
    if (goal.scale) return importance;
    const [sums, counts] = [new Float64Array(present.length), new Float64Array(present.length)];
    for (const member of members) {
      sums[targets[member]!]! += importance[member]!;
      counts[targets[member]!]! += 1;
    }
    return Float32Array.from([...importance, ...present.map((_, c) => (counts[c]! > 0 ? sums[c]! / counts[c]! : 1))]);
  }

  /**
   * Zeros, and the parent's weights where label and bucket are known to it. Neither shrunk nor perturbed as networks
   * are: the problem is convex, and on Banking77 starts from 0.5 and from all of the weights ended within 0.1 points.
   */
  private inheritedTable(): Float32Array {
    const { goal, featuriser, parent } = this.texts;
    const { labels, scale } = goal;
    const table = emptyTable(featuriser, labels);
    if (!parent) return table;
    copyColumns(parent, { labels, featuriser, table });
    return scale ? onScaledValues(table, scale) : multiply(table, parent.temperature);
  }
}

const emptyTable = (featuriser: TextFeaturiser, labels: readonly string[]): Float32Array =>
  new Float32Array(featuriser.rows * labels.length);

/* In place, and in plain loops: an array's own methods take three times as long, and there are millions of weights. */
function multiply(table: Float32Array, factor: number): Float32Array {
  for (let i = 0; i < table.length; i += 1) table[i]! *= factor;
  return table;
}

function divide(table: Float32Array, divisor: number): Float32Array {
  for (let i = 0; i < table.length; i += 1) table[i]! /= divisor;
  return table;
}

/** "cardArrival_late" -> "card Arrival late". */
const wordsOf = (label: string): string =>
  label.replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2').replace(/[^\p{L}\p{M}\p{N}]+/gu, ' ');

/** The first row of a table belongs to the constant, which every text has: it alone carries the mean. */
function onRawValues(table: Float32Array, { mean, deviation }: Scale): Float32Array {
  return table.map((weight, row) => weight * deviation + (row === 0 ? mean / CONSTANT : 0));
}

/** The inverse of {@link onRawValues}. */
function onScaledValues(table: Float32Array, { mean, deviation }: Scale): Float32Array {
  return table.map((weight, row) => (weight - (row === 0 ? mean / CONSTANT : 0)) / deviation);
}

async function descend(
  head: SparseHead,
  members: Int32Array,
  options: FitOrder & { readonly rate: number },
  pace: TrainingPace,
) {
  const rows = members.length;
  const wanted = Math.max(FEWEST_EPOCHS, Math.min(MOST_EPOCHS, Math.round(LOOKS / rows)));
  const epochs = Math.max(1, Math.round(wanted * options.effort));
  const random = seededRandom(options.seed);
  const order = members.slice();
  let finalLoss = 0;
  for (let epoch = 0; epoch < epochs; epoch += 1) {
    random.shuffle(order);
    let loss = 0;
    for (let from = 0; from < rows; from += ROWS_A_STRETCH) {
      loss += head.learn(
        order.subarray(from, from + ROWS_A_STRETCH),
        options.rate * cosine((epoch + from / rows) / epochs),
      );
      await pace.breathe();
    }
    finalLoss = loss / rows;
    requireFinite(finalLoss, epoch + 1);
    options.onProgress((epoch + 1) / epochs, `epoch ${epoch + 1} of ${epochs}, loss ${finalLoss.toFixed(4)}`);
  }
  return { finalLoss, epochs };
}

function gather(features: readonly TextFeatures[], featuriser: TextFeaturiser): SparseRows {
  const texts = features.map((counts) => featuriser.weigh(counts));
  const starts = new Int32Array(texts.length + 1);
  texts.forEach(({ ids }, i) => (starts[i + 1] = starts[i]! + ids.length));
  const ids = new Int32Array(starts.at(-1)!);
  const weights = new Float32Array(ids.length);
  texts.forEach((text, i) => {
    ids.set(text.ids, starts[i]);
    weights.set(text.weights, starts[i]);
  });
  return { starts, ids, weights };
}

type Columns = Omit<TextWeights, 'temperature'>;

/** Copies the weights of the labels and buckets that both have; returns the table written to. */
function copyColumns(from: Columns, to: Columns): Float32Array {
  const columns = Int32Array.from(from.labels, (label) => to.labels.indexOf(label));
  const [width, toWidth] = [columns.length, to.labels.length];
  const areSame = width === toWidth && columns.every((column, c) => column === c);
  const { buckets } = from.featuriser.vocabulary;
  for (let r = 0; r <= buckets.length; r += 1) {
    const row = r === 0 ? 0 : to.featuriser.rowOf(buckets[r - 1]!);
    // Row 0 is the constant's; said of a bucket, it has none.
    if (r > 0 && row === 0) continue;
    const own = from.table.subarray(r * width, (r + 1) * width);
    if (areSame) to.table.set(own, row * width);
    else columns.forEach((column, c) => column >= 0 && (to.table[row * toWidth + column] = own[c]!));
  }
  return to.table;
}
