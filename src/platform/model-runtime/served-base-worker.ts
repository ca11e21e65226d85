import { Tinypool } from 'tinypool';
import { Base } from './base.js';
import { withBuffers } from './model-files.js';
import type { ServedBaseOrder } from './served-base.js';

/* The thread of all bases that are served (served-base.ts). It does one thing after the other. */

const bases = new Map<string, Base>();

export async function open({ id, files, spec }: ServedBaseOrder): Promise<void> {
  if (!bases.has(id)) bases.set(id, await Base.open(withBuffers(files), spec));
}

/** Undefined for a base that is not open, as this is another thread than it was opened on. */
export async function ask({ id, numbers }: { id: string; numbers: Float32Array }): Promise<unknown> {
  const activations = await bases.get(id)?.joinedActivations(numbers);
  return activations && Tinypool.move(activations);
}

export function close(id: string): void {
  bases.get(id)?.dispose();
  bases.delete(id);
}
