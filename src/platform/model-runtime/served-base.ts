import type { Tinypool } from 'tinypool';
import type { BaseSpec, ForeignInput } from '../../core/base-model.js';
import { newId } from '../../core/ids.js';
import type { Input } from '../../core/input.js';
import { apart, readNumbers, together } from './base.js';
import { threads } from './compiled.js';
import type { ModelFiles } from './types.js';

export interface ServedBaseOrder {
  readonly id: string;
  readonly files: ModelFiles;
  readonly spec: BaseSpec<ForeignInput>;
}

/** Inputs that are asked about together: others who ask have their turn in between. */
const AT_ONCE = 8;

/** One for the process, as long as anything is open on it. */
let thread: Tinypool | undefined;
const opened = new Set<string>();

/**
 * A base that answers requests. TensorFlow.js computes on a thread of its own: on that of the requests everybody else
 * would have to wait for it, and what breaks there would be broken for ever.
 */
export class ServedBase {
  private constructor(private readonly order: ServedBaseOrder) {}

  /** Throws an Error when the files make no model that reads such inputs. */
  static async open(files: ModelFiles, spec: BaseSpec<ForeignInput>): Promise<ServedBase> {
    const order = { id: newId(), files, spec };
    opened.add(order.id);
    try {
      await onThread('open', order);
    } catch (error) {
      forget(order.id);
      throw error;
    }
    return new ServedBase(order);
  }

  /** Activations of each input, in order. Throws {@link InputMismatch} for one that the base does not read. */
  async activations(inputs: readonly Input[]): Promise<Float32Array[]> {
    const found: Float32Array[] = [];
    for (let from = 0; from < inputs.length; from += AT_ONCE) {
      const part = inputs.slice(from, from + AT_ONCE);
      const rows = await Promise.all(part.map((input, i) => readNumbers(input, from + i, this.order.spec.input)));
      const joined = await this.ask(together(rows));
      found.push(...apart(joined, joined.length / rows.length));
    }
    return found;
  }

  dispose(): void {
    if (thread && opened.size > 1) onThread('close', this.order.id).catch(() => undefined);
    forget(this.order.id);
  }

  /** A thread that took the place of another one does not know it yet. */
  private async ask(numbers: Float32Array): Promise<Float32Array> {
    const question = { id: this.order.id, numbers };
    const found = await onThread<Float32Array | undefined>('ask', question);
    if (found) return found;
    await onThread('open', this.order);
    return onThread<Float32Array>('ask', question);
  }
}

async function onThread<Said>(what: 'open' | 'ask' | 'close', about: unknown): Promise<Said> {
  const pool = (thread ??= threads('served-base-worker.js', { count: 1 }));
  try {
    return (await pool.run(about, { name: what })) as Said;
  } catch (error) {
    // A question that fails may have broken what others have open: the next one who asks gets another thread.
    if (what === 'ask' && thread === pool) end();
    throw error;
  }
}

function forget(id: string): void {
  opened.delete(id);
  if (opened.size === 0) end();
}

function end(): void {
  void thread?.destroy().catch(() => undefined);
  thread = undefined;
}
