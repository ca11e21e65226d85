import { Tinypool } from 'tinypool';
import { Base } from './base.js';
import type { BaseOrder } from './base-threads.js';
import { withBuffers } from './model-files.js';

/* A thread of BaseThreads (base-threads.ts): a copy of the base, asked again and again. */

const { files, spec, backend } = Tinypool.workerData as BaseOrder;
const base = await Base.open(withBuffers(files), spec, backend);

export default async (numbers: Float32Array): Promise<unknown> => Tinypool.move(await base.joinedActivations(numbers));
