import { parentPort, workerData } from 'node:worker_threads';
import { withBuffers } from './model-files.js';
import { prepare } from './prepare.js';
import { TrainingPace } from './training-pace.js';
import type { AheadOrder, Learnt } from './types.js';

/* The thread of fitAhead (beside.ts): learns at once, and answers when it is told the temperature. It is ended from outside. */

const { samples: all, candidate, seed, settings, parent } = workerData as AheadOrder;
const silent = { onProgress: () => undefined, signal: new AbortController().signal };
const options = { seed, settings, ...silent, ...(parent && { parent: withBuffers(parent) }) };
const asked = new Promise<number>((resolve) => parentPort!.once('message', resolve));

const { samples, candidates, order } = await prepare(all, options, new TrainingPace(silent.signal));
const learner = candidates.find(({ name }) => name === candidate)!;
const members = Int32Array.from(samples.keys());
const onProgress = (fraction: number, note: string): void => parentPort!.postMessage({ fraction, note });
const { finalLoss, epochs, files } = await learner.fit({ ...order, members, onProgress });
parentPort!.postMessage({ finalLoss, epochs, files: files(await asked) } satisfies Learnt);
