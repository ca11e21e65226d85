import { TrainingFailed } from './errors.js';
import type { DenseNetwork } from './dense-network.js';
import type { SparseProblem, Targets } from './sparse-rows.js';
import { aligned, instantiated, laidFrom, PAGE } from './wasm-module.js';

/*
 * The WebAssembly side of training (kernels/heads.ts): memory laid out for one problem, and typed views of it. Same
 * input, same bytes out, on every machine.
 */

interface Kernels {
  heapBase(): number;
  learnSparse(problem: number, order: number, count: number, rate: number, l2: number): number;
  settleSparse(problem: number): void;
  scoreSparse(problem: number, row: number): void;
  answerDense(problem: number, order: number, count: number): void;
  differentiateDense(problem: number, order: number, count: number): number;
  learnDense(problem: number, order: number, count: number, rate: number, l2: number): number;
}

/** What one problem may take of memory; the heap limit of a process does not bound it. */
const MOST_BYTES = 2 ** 31;
/** Of a problem's words, the one that says whether classes (0) or numbers (1) are learnt. */
const LOSS_WORD = 12;
/** Columns are padded to this many, so that four rows by two vectors stay in registers. */
const PAD = 8;
const padded = (count: number): number => Math.ceil(count / PAD) * PAD;

/** Rows that go backward together, as in the kernels. */
const BLOCK = 32;
/** Of the arena of a dense network, the first place of the first layer, and how many each has. */
const [FIRST_LAYER, OF_LAYER] = [11, 4];

/** Memory of its own for one problem, cut into pieces of the given sizes in bytes. */
class Arena {
  readonly kernels: Kernels;
  readonly places: readonly number[];
  private readonly memory: WebAssembly.Memory;

  constructor(sizes: readonly number[]) {
    const wanted = sizes.reduce((sum, bytes) => sum + aligned(bytes), PAGE);
    if (wanted > MOST_BYTES)
      throw new TrainingFailed(`the run needs ${wanted} bytes of memory, ${MOST_BYTES} are allowed`);
    const pages = Math.ceil(wanted / PAGE);
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    this.kernels = instantiated('heads', this.memory);
    this.places = laidFrom(this.kernels.heapBase(), sizes).places;
  }

  floats = (place: number, length: number): Float32Array => new Float32Array(this.memory.buffer, place, length);

  integers = (place: number, length: number): Int32Array => new Int32Array(this.memory.buffer, place, length);

  doubles = (place: number, length: number): Float64Array => new Float64Array(this.memory.buffer, place, length);

  /** Targets, and which loss they are learnt by, for the problem whose words begin at `words`. */
  layTargets(targets: Targets, place: number, words: number): void {
    const isNumber = targets instanceof Float32Array;
    (isNumber ? this.floats : this.integers)(place, targets.length).set(targets);
    this.integers(words, LOSS_WORD + 1)[LOSS_WORD] = Number(isNumber);
  }
}

/** Longest order that one call takes. */
const MOST_ROWS_A_CALL = 4_096;

/**
 * A linear model over sparse rows (multinomial logistic regression, or least squares) by stochastic gradient descent.
 * Weight decay shrinks one scale factor instead of the whole table (Bottou, "Stochastic Gradient Descent Tricks", 2012,
 * section 5.1), so that a step costs only the features of its row.
 */
export class SparseHead {
  private readonly arena: Arena;
  private readonly stride: number;
  private readonly tableRows: number;

  constructor(private readonly problem: SparseProblem) {
    const { rows, targets, importance, classes, table } = problem;
    this.stride = padded(classes);
    this.tableRows = table.length / classes;
    const length = this.tableRows * this.stride;
    const counts = [16, rows.starts.length, rows.ids.length, rows.ids.length, targets.length, targets.length];
    this.arena = new Arena([...counts, length, this.stride, MOST_ROWS_A_CALL].map((count) => count * 4));
    const [words, starts, ids, weights, ofTargets, ofImportance, ofTable, scores] = this.arena.places;
    const { floats, integers, doubles } = this.arena;
    integers(starts!, rows.starts.length).set(rows.starts);
    integers(ids!, rows.ids.length).set(rows.ids);
    floats(weights!, rows.weights.length).set(rows.weights);
    this.arena.layTargets(targets, ofTargets!, words!);
    floats(ofImportance!, targets.length).set(importance);
    copyRows(table, classes, floats(ofTable!, length), this.stride);
    const facts = [starts, ids, weights, ofTargets, ofImportance, ofTable, length, classes, this.stride, scores];
    integers(words!, facts.length).set(facts.map(Number));
    doubles(words! + 40, 1)[0] = 1;
  }

  /** One gradient step a row, in this order, at this learning rate. Returns the sum of the losses before each step. */
  learn(order: Int32Array, rate: number): number {
    const [words] = this.arena.places;
    const place = this.arena.places[8]!;
    let loss = 0;
    for (let from = 0; from < order.length; from += MOST_ROWS_A_CALL) {
      const part = order.subarray(from, from + MOST_ROWS_A_CALL);
      this.arena.integers(place, part.length).set(part);
      loss += this.arena.kernels.learnSparse(words!, place, part.length, rate, this.problem.l2);
    }
    return loss;
  }

  /** Probabilities of one row by class, or its number alone; overwritten by the next call. */
  answer(row: number): Float32Array {
    this.arena.kernels.scoreSparse(this.arena.places[0]!, row);
    return this.arena.floats(this.arena.places[7]!, this.problem.classes);
  }

  /** The weights so far, [table rows x classes]. */
  table(): Float32Array {
    this.arena.kernels.settleSparse(this.arena.places[0]!);
    const settled = this.arena.floats(this.arena.places[6]!, this.tableRows * this.stride);
    const table = new Float32Array(this.tableRows * this.problem.classes);
    copyRows(settled, this.stride, table, this.problem.classes);
    return table;
  }
}

export interface DenseProblem {
  /** [n x width] of the first layer's inputs, row-major. */
  readonly rows: Float32Array;
  readonly targets: Targets;
  /** Share of each row in the loss, about 1 on average. */
  readonly importance: Float32Array;
  readonly start: DenseNetwork;
  /** L2: the loss is mean(importance * cross entropy, or half the squared error) + l2 / 2 * |kernels|^2. */
  readonly l2: number;
  /** Most rows of one step. */
  readonly batch: number;
}

/** Where the layers' parameters lie among all: kernels first, because only they decay. */
interface LayerPlace {
  readonly inputs: number;
  readonly units: number;
  readonly kernel: number;
  readonly bias: number;
}

const [BETA1, BETA2] = [0.9, 0.999];

/** A fully connected network under Adam (Kingma and Ba 2015, arXiv 1412.6980). */
export class DenseHead {
  private readonly arena: Arena;
  private readonly layers: readonly LayerPlace[];
  private readonly parameterCount: number;
  private steps = 0;

  constructor(private readonly problem: DenseProblem) {
    const { start, rows, targets, importance, batch } = problem;
    const { layers, kernels, parameters } = placesOf(start);
    this.layers = layers;
    this.parameterCount = parameters;
    const most = Math.ceil(batch / 4) * 4;
    const width = layers[0]!.inputs;
    const count = targets.length;
    const fixed = [16 + 8 * layers.length, count * width, count, count, ...Array<number>(4).fill(parameters)];
    const ofLayers = layers.flatMap(({ units }) => [
      most * units,
      most * units,
      most * (units + 1),
      units * (BLOCK + 1),
    ]);
    this.arena = new Arena([...fixed, most * width, batch, parameters, ...ofLayers].map((length) => length * 4));
    const [words, ofRows, ofTargets, ofImportance, ...rest] = this.arena.places;
    const [ofParameters, gradients, firsts, seconds, ofBatch, , turned] = rest;
    const { floats, integers } = this.arena;
    copyRows(rows, start[0]!.inputs, floats(ofRows!, count * width), width);
    this.arena.layTargets(targets, ofTargets!, words!);
    floats(ofImportance!, count).set(importance);
    this.write(start);
    const facts = [layers.length, ofRows, ofTargets, ofImportance, ofParameters, gradients, firsts, seconds];
    const classes = start.at(-1)!.units;
    integers(words!, 12).set([...facts, parameters, kernels, classes, ofBatch].map(Number));
    integers(words!, 14)[13] = turned!;
    layers.forEach(({ inputs, units, kernel, bias }, depth) => {
      integers(words! + 4 * (16 + 8 * depth), 8).set([inputs, units, kernel, bias, ...this.placesOfLayer(depth)]);
    });
  }

  /** One step on a batch at this learning rate; returns the sum of the losses before it. */
  learn(order: Int32Array, rate: number): number {
    this.steps += 1;
    const corrected = (rate * Math.sqrt(1 - BETA2 ** this.steps)) / (1 - BETA1 ** this.steps);
    return this.arena.kernels.learnDense(this.words, this.place(order), order.length, corrected, this.problem.l2);
  }

  /** Gradients of the mean loss of a batch without the decay, as a network of them. */
  gradients(order: Int32Array): DenseNetwork {
    this.arena.kernels.differentiateDense(this.words, this.place(order), order.length);
    return this.read(this.arena.places[5]!);
  }

  /** Probabilities of a batch of rows, or their numbers, one array a row. */
  answer(order: Int32Array): Float32Array[] {
    this.arena.kernels.answerDense(this.words, this.place(order), order.length);
    const classes = this.problem.start.at(-1)!.units;
    const [sums] = this.placesOfLayer(this.layers.length - 1) as [number];
    const stride = this.layers.at(-1)!.units;
    return Array.from(order, (_, i) => this.arena.floats(sums + 4 * i * stride, classes).slice());
  }

  /** The weights so far. */
  network(): DenseNetwork {
    return this.read(this.arena.places[4]!);
  }

  /** Of its sums, their gradients and both kinds of lists. */
  private placesOfLayer(depth: number): number[] {
    return this.arena.places.slice(FIRST_LAYER + OF_LAYER * depth, FIRST_LAYER + OF_LAYER * (depth + 1));
  }

  private get words(): number {
    return this.arena.places[0]!;
  }

  private place(order: Int32Array): number {
    const place = this.arena.places[9]!;
    this.arena.integers(place, order.length).set(order);
    return place;
  }

  private write(network: DenseNetwork): void {
    const values = this.arena.floats(this.arena.places[4]!, this.parameterCount);
    this.layers.forEach(({ units: stride, kernel, bias }, depth) => {
      const layer = network[depth]!;
      copyRows(layer.kernel, layer.units, values.subarray(kernel), stride);
      values.set(layer.bias, bias);
    });
  }

  private read(place: number): DenseNetwork {
    const values = this.arena.floats(place, this.parameterCount);
    return this.problem.start.map(({ inputs, units }, depth) => {
      const { units: stride, kernel: from, bias } = this.layers[depth]!;
      const kernel = new Float32Array(inputs * units);
      copyRows(values.subarray(from, from + inputs * stride), stride, kernel, units);
      return { inputs, units, kernel, bias: values.slice(bias, bias + units) };
    });
  }
}

function placesOf(network: DenseNetwork): { layers: LayerPlace[]; kernels: number; parameters: number } {
  const sizes = network.map(({ inputs, units }) => ({ inputs: padded(inputs), units: padded(units) }));
  let next = 0;
  const ofKernels = sizes.map(({ inputs, units }) => (next += inputs * units) - inputs * units);
  const kernels = next;
  const layers = sizes.map((size, i) => ({ ...size, kernel: ofKernels[i]!, bias: (next += size.units) - size.units }));
  return { layers, kernels, parameters: next };
}

/** Copies rows of `width` numbers between arrays whose rows begin `width` and `stride` apart: as many as both hold. */
function copyRows(from: Float32Array, fromStride: number, to: Float32Array, toStride: number): void {
  const width = Math.min(fromStride, toStride);
  for (let row = 0; row * fromStride < from.length; row += 1) {
    to.set(from.subarray(row * fromStride, row * fromStride + width), row * toStride);
  }
}
