import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export type BackendName = 'tfjs-node' | 'wasm' | 'cpu';
export type Tf = typeof import('@tensorflow/tfjs-core');

const PROBE_MS = 30_000;

/** tfjs-node 4.22 uses two functions that Node 24 no longer has (tfjs issue 8609). */
const SHIM = `
const util = require('node:util');
util.isNullOrUndefined ??= (value) => value === null || value === undefined;
util.isArray ??= Array.isArray;`;

/** A gradient whose value is known: d(xy)/dx = y. */
const GRADIENT = `${SHIM}
const tf = require('@tensorflow/tfjs-node');
const found = tf.tidy(() => tf.grad((x) => tf.matMul(x, tf.tensor2d([[3], [4]])).sum())(tf.tensor2d([[1, 2]])).dataSync());
process.exit(found[0] === 3 && found[1] === 4 ? 0 : 1);`;

/** A native addon that crashes takes its process along, so a child tries it: on a thread, where models are served. */
const PROBE = `
const { Worker } = require('node:worker_threads');
new Worker(${JSON.stringify(GRADIENT)}, { eval: true }).once('error', () => process.exit(1)).once('exit', (code) => process.exit(code));`;

/** TensorFlow.js on the asked backend; `auto` takes the first that can be had of tfjs-node, wasm and cpu. */
export async function openBackend(wanted: BackendName | 'auto'): Promise<{ tf: Tf; backend: BackendName }> {
  const candidates: readonly BackendName[] = wanted === 'auto' ? ['tfjs-node', 'wasm', 'cpu'] : [wanted];
  const reasons: string[] = [];
  for (const backend of candidates) {
    try {
      return { tf: await OPENERS[backend](), backend };
    } catch (error) {
      reasons.push(`${backend}: ${(error as Error).message.split('\n')[0]}`);
    }
  }
  throw new Error(`no TensorFlow.js backend could be opened (${reasons.join('; ')})`);
}

const OPENERS: Readonly<Record<BackendName, () => Promise<Tf>>> = {
  'tfjs-node': async () => {
    await promisify(execFile)(process.execPath, ['-e', PROBE], {
      cwd: fileURLToPath(new URL('.', import.meta.url)),
      timeout: PROBE_MS,
    });
    const { createRequire } = await import('node:module');
    const require = createRequire(import.meta.url);
    const util = require('node:util') as Record<string, unknown>;
    util.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
    util.isArray ??= Array.isArray;
    require('@tensorflow/tfjs-node');
    return select('tensorflow');
  },
  wasm: async () => {
    await import('@tensorflow/tfjs-backend-wasm');
    (await import('./wasm-kernels.js')).registerWasmKernels();
    return select('wasm');
  },
  cpu: async () => {
    await import('@tensorflow/tfjs-backend-cpu');
    return select('cpu');
  },
};

/** tfjs-core comes without gradients; tfjs-layers registers them all (the file that does is not importable in Node). */
async function select(name: string): Promise<Tf> {
  await import('@tensorflow/tfjs-layers');
  const tf = await import('@tensorflow/tfjs-core');
  if (!(await tf.setBackend(name))) throw new Error('it did not start');
  await tf.ready();
  return tf;
}
