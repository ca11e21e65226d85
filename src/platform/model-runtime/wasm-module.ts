import { readFileSync } from 'node:fs';

/* What our WebAssembly modules (kernels/*.ts) have in common: memory is given to them and laid out by us. */

export const PAGE = 2 ** 16;
/** Bytes of a line of the processor's cache: what begins on one is read without looking at its neighbour. */
const LINE = 64;

const compiled = new Map<string, WebAssembly.Module>();

/**
 * The functions of a module on this memory. It is compiled once a process. What a module calls `heapBase` is its first
 * byte that is free: its static data lies below, and anything laid there would corrupt it.
 */
export function instantiated<Kernels>(name: 'convolutions' | 'forward' | 'heads', memory: WebAssembly.Memory): Kernels {
  const module = compiled.get(name) ?? new WebAssembly.Module(readFileSync(new URL(`./${name}.wasm`, import.meta.url)));
  compiled.set(name, module);
  const imports = { env: { memory, abort: () => undefined } };
  return new WebAssembly.Instance(module, imports).exports as unknown as Kernels;
}

/** Where pieces of so many bytes lie one after the other from `base` on, and where the last one ends. */
export function laidFrom(base: number, sizes: readonly number[]): { places: number[]; end: number } {
  let end = aligned(base);
  const places = sizes.map((bytes) => {
    const begin = end;
    end += aligned(bytes);
    return begin;
  });
  return { places, end };
}

/** With room to begin on a line. */
export const aligned = (bytes: number): number => Math.ceil(bytes / LINE) * LINE;
