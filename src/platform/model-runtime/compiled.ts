import { fileURLToPath } from 'node:url';
import { Tinypool } from 'tinypool';

/**
 * The compiled file of that name beside this one, for what runs in a process or a thread of its own. When this file is
 * TypeScript source (tests), it is the one that `npm run build` made.
 */
export function compiled(name: string): string {
  const fromSource = import.meta.url.endsWith('.ts');
  return fileURLToPath(
    new URL(fromSource ? `../../../dist/platform/model-runtime/${name}` : `./${name}`, import.meta.url),
  );
}

/** Threads that run functions of a compiled file. What ends one of them is told to those whose question it had. */
export function threads(name: string, { count, workerData }: { count: number; workerData?: unknown }): Tinypool {
  const pool = new Tinypool({ filename: compiled(name), workerData, minThreads: count, maxThreads: count });
  // Nobody asks an idle one; without somebody who listens its end would be that of the process.
  pool.on('error', () => undefined);
  return pool;
}
