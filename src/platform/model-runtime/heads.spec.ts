import { fileURLToPath } from 'node:url';
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { DenseHead, type DenseProblem, SparseHead } from './heads.js';
import { type DenseNetwork, forward, freshNetwork } from './dense-network.js';
import { seededRandom } from './random.js';
import { softmaxInPlace } from './softmax.js';
import type { SparseProblem, Targets } from './sparse-rows.js';

const random = seededRandom(4);
const normals = (length: number): Float32Array => Float32Array.from({ length }, () => random.normal());

describe('the committed WebAssembly', () => {
  it('is what its source compiles to, byte for byte', async () => {
    const script = fileURLToPath(new URL('../../../scripts/kernels.mjs', import.meta.url));
    const { compileKernel, KERNELS } = (await import(script)) as {
      compileKernel(name: string): Promise<Uint8Array>;
      KERNELS: readonly string[];
    };
    expect(KERNELS).toEqual(['convolutions', 'forward', 'heads']);
    for (const name of KERNELS) {
      const committed = readFileSync(new URL(`./${name}.wasm`, import.meta.url));
      expect(committed.equals(await compileKernel(name)), name).toBe(true);
    }
  }, 60_000);
});

const CLASSES = 3;

const aSparseProblem = (over: Partial<SparseProblem> = {}): SparseProblem => ({
  rows: {
    starts: Int32Array.of(0, 3, 9),
    ids: Int32Array.of(0, 1, 3, 0, 1, 2, 3, 4, 5),
    weights: Float32Array.of(0.3, 0.8, -0.5, 0.3, 1.2, 0.7, -0.2, 0.4, 0.1),
  },
  targets: Int32Array.of(2, 0),
  importance: Float32Array.of(1.5, 0.5),
  classes: CLASSES,
  table: normals(6 * CLASSES),
  l2: 0,
  ...over,
});

/** importance * cross entropy of one row, written down again in the plainest way. */
function lossOf({ rows, targets, importance, table }: SparseProblem, row: number): number {
  const scores = [0, 0, 0].map((_, c) => {
    let sum = 0;
    for (let i = rows.starts[row]!; i < rows.starts[row + 1]!; i += 1)
      sum += rows.weights[i]! * table[rows.ids[i]! * CLASSES + c]!;
    return sum;
  });
  const total = scores.reduce((sum, score) => sum + Math.exp(score), 0);
  return -importance[row]! * Math.log(Math.exp(scores[targets[row]!]!) / total);
}

describe('SparseHead', () => {
  it.each([0, 1])('steps along the numeric gradient of row %i', (row) => {
    const rate = 1e-2;
    const problem = aSparseProblem();
    const head = new SparseHead(problem);
    expect(head.learn(Int32Array.of(row), rate)).toBeCloseTo(lossOf(problem, row), 5);
    const after = head.table();
    const h = 2 ** -7;
    problem.table.forEach((value, i) => {
      const at = (shift: number): number => lossOf({ ...problem, table: problem.table.with(i, value + shift) }, row);
      expect((value - after[i]!) / rate).toBeCloseTo((at(h) - at(-h)) / (2 * h), 3);
    });
  });

  it('shrinks every weight by rate * l2 a step', () => {
    const problem = aSparseProblem({ l2: 0.1, importance: Float32Array.of(0, 0) });
    const head = new SparseHead(problem);
    head.learn(Int32Array.of(0, 1), 0.5);
    head.table().forEach((weight, i) => expect(weight).toBeCloseTo(problem.table[i]! * 0.95 ** 2, 6));
  });

  it('rewrites the table before the scale is too small for a float', () => {
    const problem = aSparseProblem({ l2: 1, importance: Float32Array.of(0, 0) });
    const head = new SparseHead(problem);
    head.learn(
      Int32Array.from({ length: 25 }, (_, i) => i % 2),
      0.5,
    );
    head.table().forEach((weight, i) => expect(weight * 2 ** 25).toBeCloseTo(problem.table[i]!, 4));
  });

  it('of values steps by rate * importance * error * weight, as by hand', () => {
    const table = Float32Array.of(1, 2, 3, 0, 0, 0);
    const problem = aSparseProblem({ classes: 1, table, targets: Float32Array.of(2, 0) });
    const head = new SparseHead(problem);
    // Row 0 reads 0.3 * 1 + 0.8 * 2 - 0.5 * 0 = 1.9: the error is -0.1, the loss 1.5 * 0.1 ** 2 / 2.
    expect([...head.answer(0)]).toEqual([expect.closeTo(1.9, 6)]);
    expect(head.learn(Int32Array.of(0), 0.2)).toBeCloseTo(0.0075, 6);
    const step = 0.2 * 1.5 * 0.1;
    const expected = [1 + step * 0.3, 2 + step * 0.8, 3, step * -0.5, 0, 0];
    head.table().forEach((weight, i) => expect(weight).toBeCloseTo(expected[i]!, 6));
  });

  it('answers with probabilities', () => {
    const problem = aSparseProblem();
    const answer = new SparseHead(problem).answer(1);
    expect(answer.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 6);
    expect(-Math.log(answer[0]!) * 0.5).toBeCloseTo(lossOf(problem, 1), 5);
  });

  it('takes more rows than one call does, and scores far beyond what e^x can hold', () => {
    const problem = aSparseProblem({ table: Float32Array.from({ length: 18 }, (_, i) => (i % 3) * 400) });
    const head = new SparseHead(problem);
    const loss = head.learn(
      Int32Array.from({ length: 5_000 }, (_, i) => i % 2),
      1e-4,
    );
    expect(Number.isFinite(loss)).toBe(true);
    expect([...head.table()].every(Number.isFinite)).toBe(true);
  });
});

/** More than two of the blocks in which rows go backward, the last one not full. */
const ROWS = 75;

function aDenseProblem(sizes: readonly number[], over: Partial<DenseProblem> = {}): DenseProblem {
  const start = freshNetwork(sizes, random).map((layer) => ({
    ...layer,
    kernel: layer.kernel.map(() => 0.5 * random.normal()),
    bias: normals(layer.units),
  }));
  return {
    rows: normals(ROWS * sizes[0]!),
    targets: Int32Array.from({ length: ROWS }, (_, i) => i % sizes.at(-1)!),
    importance: Float32Array.from({ length: ROWS }, (_, i) => 0.5 + i / ROWS),
    start,
    l2: 0,
    batch: ROWS,
    ...over,
  };
}

const everyRow = Int32Array.from({ length: ROWS }, (_, i) => i);

/** Gradients of the same loss by TensorFlow.js on its plain JavaScript backend. */
function tfGradients({ rows, targets, importance, start }: DenseProblem): number[][] {
  const variables = start.flatMap(({ inputs, units, kernel, bias }) => [
    tf.variable(tf.tensor2d(kernel, [inputs, units])),
    tf.variable(tf.tensor1d(bias)),
  ]);
  const { grads } = tf.variableGrads(() => {
    let values: tf.Tensor = tf.tensor2d(rows, [ROWS, start[0]!.inputs]);
    start.forEach((_, depth) => {
      const before = depth > 0 ? tf.relu(values) : values;
      values = tf.add(tf.matMul(before, variables[2 * depth]!), variables[2 * depth + 1]!);
    });
    return tf.mean(tf.mul(tf.tensor1d(importance), tfLosses(values, targets)));
  }, variables);
  return variables.map(({ name }) => [...grads[name]!.dataSync()]);
}

function tfLosses(sums: tf.Tensor, targets: Targets): tf.Tensor1D {
  if (targets instanceof Float32Array) {
    const errors = tf.sub(tf.reshape(sums, [ROWS]), tf.tensor1d(targets));
    return tf.div(tf.square(errors), 2);
  }
  const truth = tf.oneHot(tf.tensor1d(targets, 'int32'), sums.shape[1]!);
  return tf.neg(tf.sum(tf.mul(truth, tf.logSoftmax(sums)), 1));
}

describe('DenseHead', () => {
  beforeAll(async () => {
    await import('@tensorflow/tfjs-backend-cpu');
    await import('@tensorflow/tfjs-layers');
    await tf.setBackend('cpu');
  });

  it.each([[[5, 3]], [[8, 16, 8]], [[13, 9, 7]], [[6, 10, 5, 4]], [[1, 33, 77]]])(
    'has the gradients of TensorFlow.js for a network of %j',
    (sizes) => {
      const problem = aDenseProblem(sizes);
      const found = new DenseHead(problem).gradients(everyRow).flatMap(({ kernel, bias }) => [kernel, bias]);
      tfGradients(problem).forEach((expected, i) => {
        expect(found[i]).toHaveLength(expected.length);
        expected.forEach((gradient, at) => expect(found[i]![at]).toBeCloseTo(gradient, 5));
      });
    },
  );

  it.each([[[5, 1]], [[8, 16, 1]], [[13, 9, 6, 1]]])('has the gradients of values for a network of %j', (sizes) => {
    const problem = aDenseProblem(sizes, { targets: normals(ROWS) });
    const found = new DenseHead(problem).gradients(everyRow).flatMap(({ kernel, bias }) => [kernel, bias]);
    tfGradients(problem).forEach((expected, i) => {
      expect(found[i]).toHaveLength(expected.length);
      expected.forEach((gradient, at) => expect(found[i]![at]).toBeCloseTo(gradient, 5));
    });
  });

  it('answers with values as the network that serves does', () => {
    const problem = aDenseProblem([13, 9, 1], { targets: normals(ROWS) });
    new DenseHead(problem).answer(everyRow).forEach((answer, row) => {
      const sums = forward(problem.start, problem.rows.subarray(13 * row, 13 * row + 13));
      expect([...answer]).toEqual([expect.closeTo(sums[0]!, 5)]);
    });
  });

  it('answers as the network that serves does', () => {
    const problem = aDenseProblem([13, 9, 7]);
    const answers = new DenseHead(problem).answer(everyRow);
    answers.forEach((answer, row) => {
      const sums = forward(problem.start, problem.rows.subarray(13 * row, 13 * row + 13));
      softmaxInPlace(sums);
      answer.forEach((p, c) => expect(p).toBeCloseTo(sums[c]!, 5));
    });
  });

  it('takes the steps of Adam in TensorFlow.js', () => {
    const problem = aDenseProblem([7, 12, 5]);
    const head = new DenseHead(problem);
    const optimizer = tf.train.adam(0.01);
    let expected: DenseNetwork = problem.start;
    const variables = problem.start.flatMap(({ inputs, units, kernel, bias }) => [
      tf.variable(tf.tensor2d(kernel, [inputs, units])),
      tf.variable(tf.tensor1d(bias)),
    ]);
    for (let step = 0; step < 5; step += 1) {
      const gradients = tfGradients({ ...problem, start: expected });
      optimizer.applyGradients(
        variables.map((variable, i) => ({
          name: variable.name,
          tensor: tf.tensor(gradients[i]!, variable.shape),
        })),
      );
      expected = expected.map((layer, i) => ({
        ...layer,
        kernel: Float32Array.from(variables[2 * i]!.dataSync()),
        bias: Float32Array.from(variables[2 * i + 1]!.dataSync()),
      }));
      head.learn(everyRow, 0.01);
    }
    head.network().forEach(({ kernel, bias }, depth) => {
      kernel.forEach((value, i) => expect(value).toBeCloseTo(expected[depth]!.kernel[i]!, 3));
      bias.forEach((value, i) => expect(value).toBeCloseTo(expected[depth]!.bias[i]!, 3));
    });
  });

  it('shrinks kernels and no biases', () => {
    const problem = aDenseProblem([4, 3], { l2: 1, importance: new Float32Array(ROWS) });
    const head = new DenseHead(problem);
    head.learn(everyRow, 0.01);
    const [layer] = head.network();
    // The first step of Adam is the rate, against the sign of the gradient.
    layer!.kernel.forEach((value, i) => {
      const before = problem.start[0]!.kernel[i]!;
      expect(value).toBeCloseTo(before - Math.sign(before) * 0.01, 4);
    });
    expect([...layer!.bias]).toEqual([...problem.start[0]!.bias]);
  });

  it('passes nothing on through units that are always 0, and all through those that never are', () => {
    const problem = aDenseProblem([6, 9, 5, 4]);
    problem.start[0]!.bias.set([-1e3, 1e3, -1e3, 1e3]);
    problem.start[1]!.bias.set([-1e3, 1e3]);
    const found = new DenseHead(problem).gradients(everyRow);
    expect([...found[1]!.kernel.subarray(0, 5)]).toEqual([0, 0, 0, 0, 0]);
    const together = found.flatMap(({ kernel, bias }) => [kernel, bias]);
    tfGradients(problem).forEach((expected, i) =>
      expected.forEach((gradient, at) =>
        expect(together[i]![at]! / (1 + Math.abs(gradient))).toBeCloseTo(gradient / (1 + Math.abs(gradient)), 4),
      ),
    );
  });

  it('does not lose what is no number in units that relu would close', () => {
    const problem = aDenseProblem([6, 9, 5, 4]);
    problem.rows[7] = NaN;
    expect(new DenseHead(problem).learn(everyRow, 0.01)).toBeNaN();
  });

  it('is the same bytes for the same input', () => {
    const problem = aDenseProblem([13, 9, 7]);
    const [one, two] = [new DenseHead(problem), new DenseHead(problem)];
    for (const head of [one, two]) head.learn(everyRow, 0.01);
    expect(one.network()).toEqual(two.network());
  });
});
