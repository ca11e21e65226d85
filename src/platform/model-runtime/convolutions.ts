import { readFileSync } from 'node:fs';
import type { backend_util } from '@tensorflow/tfjs-core';

/*
 * The WebAssembly side of the gradients of convolutions and of max pooling (kernels/convolutions.ts): one image at a
 * time in a memory of its own, so that what it takes does not grow with the batch.
 */

export type Conv2DInfo = ReturnType<typeof backend_util.computeConv2DInfo>;

interface Kernels {
  heapBase(): number;
  addFilterGradient(problem: number): void;
  addInputGradient(problem: number): void;
  addDepthwiseFilterGradient(problem: number): void;
  addDepthwiseInputGradient(problem: number): void;
  addPoolGradient(problem: number): void;
}
type Gradient = Exclude<keyof Kernels, 'heapBase'>;

const PAGE = 2 ** 16;
/** Of the whole memory; one image of a layer takes a few of its thousandths. */
const MOST_PAGES = 2 ** 14;
const WORDS = 16;
const aligned = (bytes: number): number => Math.ceil(bytes / 16) * 16;

let opened: { readonly kernels: Kernels; readonly memory: WebAssembly.Memory } | undefined;

function open() {
  if (opened) return opened;
  const memory = new WebAssembly.Memory({ initial: 1, maximum: MOST_PAGES });
  const module = new WebAssembly.Module(readFileSync(new URL('./convolutions.wasm', import.meta.url)));
  const { exports } = new WebAssembly.Instance(module, { env: { memory, abort: () => undefined } });
  return (opened = { kernels: exports as unknown as Kernels, memory });
}

interface Problem {
  readonly place: number;
  readonly image: Float32Array;
  readonly gradient: Float32Array;
  readonly filter: Float32Array;
  readonly to: Float32Array;
}

/** Lays out one image's problem. Views hold until the next one is laid out: memory may grow then. */
function lay(info: Conv2DInfo, filterLength: number): Problem {
  const { kernels, memory } = open();
  const image = info.inHeight * info.inWidth * info.inChannels;
  const lengths = [WORDS, image, info.outHeight * info.outWidth * info.outChannels, filterLength, image];
  let end = aligned(kernels.heapBase());
  const [place, ...parts] = lengths.map((length) => {
    const begin = end;
    end += aligned(4 * length);
    return begin;
  });
  const missing = Math.ceil(end / PAGE) - memory.buffer.byteLength / PAGE;
  if (missing > 0) memory.grow(missing);
  new Int32Array(memory.buffer, place, WORDS).set([...sizesOf(info), ...parts]);
  const [ofImage, ofGradient, ofFilter, to] = parts.map((at, i) => new Float32Array(memory.buffer, at, lengths[i + 1]));
  return { place: place!, image: ofImage!, gradient: ofGradient!, filter: ofFilter!, to: to! };
}

/** As the kernels number them. */
const sizesOf = (info: Conv2DInfo): number[] => [
  ...[info.inHeight, info.inWidth, info.inChannels, info.outHeight, info.outWidth, info.outChannels],
  ...[info.filterHeight, info.filterWidth, info.strideHeight, info.strideWidth],
  ...[info.padInfo.top, info.padInfo.left],
];

/** Of the filter of a convolution: from its inputs and the gradients of its answers, [batch, height, width, channels]. */
export function filterGradient(
  of: Extract<Gradient, 'addFilterGradient' | 'addDepthwiseFilterGradient'>,
  info: Conv2DInfo,
  { x, dy }: { readonly x: Float32Array; readonly dy: Float32Array },
  filter: Float32Array,
): void {
  const problem = lay(info, filter.length);
  problem.filter.fill(0);
  for (let i = 0; i < info.batchSize; i += 1) {
    problem.image.set(part(x, i, problem.image));
    problem.gradient.set(part(dy, i, problem.gradient));
    open().kernels[of](problem.place);
  }
  filter.set(problem.filter);
}

/** Of the inputs of a convolution or pooling: from the gradients of its answers, and its filter or its inputs. */
export function inputGradient(
  of: Exclude<Gradient, 'addFilterGradient' | 'addDepthwiseFilterGradient'>,
  info: Conv2DInfo,
  { x, dy, filter }: { readonly x?: Float32Array; readonly dy: Float32Array; readonly filter?: Float32Array },
  dx: Float32Array,
): void {
  const problem = lay(info, filter?.length ?? 0);
  if (filter) problem.filter.set(filter);
  for (let i = 0; i < info.batchSize; i += 1) {
    if (x) problem.image.set(part(x, i, problem.image));
    problem.gradient.set(part(dy, i, problem.gradient));
    problem.to.fill(0);
    open().kernels[of](problem.place);
    dx.set(problem.to, i * problem.to.length);
  }
}

/** An image of a batch. */
const part = (batch: Float32Array, image: number, { length }: Float32Array): Float32Array =>
  batch.subarray(image * length, (image + 1) * length);
