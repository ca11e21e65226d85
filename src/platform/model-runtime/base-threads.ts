import { availableParallelism } from 'node:os';
import type { Tinypool } from 'tinypool';
import type { BaseSpec, ForeignInput } from '../../core/base-model.js';
import type { BackendName } from './backend.js';
import { apart, type Base, together } from './base.js';
import { threads } from './compiled.js';
import type { ModelFiles } from './types.js';

/** What each thread opens the base from. */
export interface BaseOrder {
  readonly files: ModelFiles;
  readonly spec: BaseSpec<ForeignInput>;
  readonly backend: BackendName;
}

/** Each holds the base and a TensorFlow.js of its own. */
const MOST_THREADS = 4;

export const threadsFor = (backend: BackendName): number =>
  // The native library has threads of its own.
  backend === 'tfjs-node' ? 1 : Math.min(availableParallelism(), MOST_THREADS);

/** A base that several threads have open: what one of them computes is bit for bit what any other would. */
export class BaseThreads {
  private pool: Tinypool | undefined;

  constructor(
    private readonly base: Base,
    order: BaseOrder,
    count: number,
  ) {
    this.pool = threads('base-worker.js', { count, workerData: order });
  }

  /** See {@link Base.activationsOf}, which does it where a thread fails, and meets whatever it was. */
  async activationsOf(rows: readonly Float32Array[]): Promise<Float32Array[]> {
    const numbers = together(rows);
    const transferList = [numbers.buffer as ArrayBuffer];
    try {
      if (this.pool) return apart((await this.pool.run(numbers, { transferList })) as Float32Array, this.base.features);
    } catch {
      await this.close();
    }
    return this.base.activationsOf(rows);
  }

  async close(): Promise<void> {
    const { pool } = this;
    this.pool = undefined;
    await pool?.destroy();
  }
}
