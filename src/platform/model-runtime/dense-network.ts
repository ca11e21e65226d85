import type { Scale } from './goal.js';
import type { SeededRandom } from './random.js';

/** One fully connected layer: kernel [inputs x units], row-major. */
export interface DenseLayer {
  readonly inputs: number;
  readonly units: number;
  readonly kernel: Float32Array;
  readonly bias: Float32Array;
}

/** relu between the layers; softmax of the last one's sums are the probabilities, or its one sum is the value. */
export type DenseNetwork = readonly DenseLayer[];

/** Mean and spread of each input in training. */
export interface Standard {
  readonly mean: Float32Array;
  readonly deviation: Float32Array;
}

/** How much of the parent's weights is kept, and the noise added: shrink and perturb (Ash and Adams 2020, arXiv 1910.08475). */
const SHRINK = 0.5;
const PERTURB = 0.02;
/** Inputs that hardly vary are not blown up. */
const SMALLEST_DEVIATION = 1e-6;

export const sizesOf = (network: DenseNetwork): number[] => [network[0]!.inputs, ...network.map(({ units }) => units)];

/** Sums of the last layer for one input. */
export function forward(network: DenseNetwork, input: ArrayLike<number>): Float64Array {
  let values: ArrayLike<number> = input;
  let sums = new Float64Array();
  network.forEach(({ units, kernel, bias }, depth) => {
    sums = Float64Array.from(bias);
    for (let i = 0; i < values.length; i += 1) {
      const value = depth > 0 ? Math.max(0, values[i]!) : values[i]!;
      if (value === 0) continue;
      const base = i * units;
      for (let u = 0; u < units; u += 1) sums[u]! += value * kernel[base + u]!;
    }
    values = sums;
  });
  return sums;
}

/** Seeded He-normal hidden layers and a last layer of zeros. */
export function freshNetwork(sizes: readonly number[], random: SeededRandom): DenseNetwork {
  return sizes.slice(1).map((units, i) => {
    const inputs = sizes[i]!;
    const spread = i === sizes.length - 2 ? 0 : Math.sqrt(2 / inputs);
    const kernel = Float32Array.from({ length: inputs * units }, () => spread * random.normal());
    return { inputs, units, kernel, bias: new Float32Array(units) };
  });
}

/** The parent's weights with a last column for every label (new ones zero), shrunk and perturbed. */
export function warmNetwork(
  parent: DenseNetwork,
  columns: readonly number[],
  units: number,
  random: SeededRandom,
): DenseNetwork {
  const grown = [...parent.slice(0, -1), spread(parent.at(-1)!, columns, units)];
  const moved = (values: Float32Array): Float32Array =>
    values.map((value) => (value === 0 ? 0 : SHRINK * value + PERTURB * random.normal()));
  return grown.map((layer) => ({
    ...layer,
    kernel: moved(layer.kernel),
    bias: layer.bias.map((b) => SHRINK * b),
  }));
}

/** Moves column c of a layer to column columns[c] of one with `units` columns; -1: there is no place for it any more. */
function spread(
  { inputs, units: before, kernel, bias }: DenseLayer,
  columns: readonly number[],
  units: number,
): DenseLayer {
  const wider = { inputs, units, kernel: new Float32Array(inputs * units), bias: new Float32Array(units) };
  columns.forEach((column, c) => {
    if (column < 0) return;
    wider.bias[column] = bias[c]!;
    for (let i = 0; i < inputs; i += 1) wider.kernel[i * units + column] = kernel[i * before + c]!;
  });
  return wider;
}

/** The network whose answers are those of this one at a temperature: sums of the last layer divided by it. */
export const cooled = (network: DenseNetwork, temperature: number): DenseNetwork =>
  withLast(network, (last) => ({
    ...last,
    kernel: last.kernel.map((weight) => weight / temperature),
    bias: last.bias.map((b) => b / temperature),
  }));

/** A network that answers with values on a scale, as one that answers with the values themselves. */
export const onRawOutputs = (network: DenseNetwork, { mean, deviation }: Scale): DenseNetwork =>
  withLast(network, (last) => ({
    ...last,
    kernel: last.kernel.map((weight) => weight * deviation),
    bias: last.bias.map((b) => b * deviation + mean),
  }));

/** The inverse of {@link onRawOutputs}. */
export const onScaledOutputs = (network: DenseNetwork, { mean, deviation }: Scale): DenseNetwork =>
  withLast(network, (last) => ({
    ...last,
    kernel: last.kernel.map((weight) => weight / deviation),
    bias: last.bias.map((b) => (b - mean) / deviation),
  }));

const withLast = (network: DenseNetwork, change: (last: DenseLayer) => DenseLayer): DenseNetwork => [
  ...network.slice(0, -1),
  change(network.at(-1)!),
];

/** @param rows [n x width], row-major */
export function standardOf(rows: Float32Array, width: number): Standard {
  const count = rows.length / width;
  const [sum, squares] = [new Float64Array(width), new Float64Array(width)];
  rows.forEach((value, i) => (sum[i % width]! += value));
  const mean = Float32Array.from(sum, (total) => total / count);
  rows.forEach((value, i) => (squares[i % width]! += (value - mean[i % width]!) ** 2));
  const deviation = Float32Array.from(squares, (total) => {
    const spread = Math.sqrt(total / count);
    return spread > SMALLEST_DEVIATION ? spread : 1;
  });
  return { mean, deviation };
}

/** In place: (value - mean) / deviation. */
export function standardise(rows: Float32Array, { mean, deviation }: Standard): void {
  const width = mean.length;
  for (let i = 0; i < rows.length; i += 1) rows[i] = (rows[i]! - mean[i % width]!) / deviation[i % width]!;
}

/** A network of standardised inputs as the same function of raw ones: W / deviation, b - mean . (W / deviation). */
export function onRawInputs([first, ...rest]: DenseNetwork, { mean, deviation }: Standard): DenseNetwork {
  const kernel = first!.kernel.map((weight, i) => weight / deviation[Math.floor(i / first!.units)]!);
  return [{ ...first!, kernel, bias: shifted(first!, kernel, mean, -1) }, ...rest];
}

/** The inverse of {@link onRawInputs}. */
export function onStandardInputs([first, ...rest]: DenseNetwork, { mean, deviation }: Standard): DenseNetwork {
  const kernel = first!.kernel.map((weight, i) => weight * deviation[Math.floor(i / first!.units)]!);
  return [{ ...first!, kernel, bias: shifted(first!, first!.kernel, mean, 1) }, ...rest];
}

function shifted({ bias, units }: DenseLayer, kernel: Float32Array, mean: Float32Array, sign: number): Float32Array {
  const sums = Float64Array.from(bias);
  kernel.forEach((weight, i) => (sums[i % units]! += sign * mean[Math.floor(i / units)]! * weight));
  return Float32Array.from(sums);
}
