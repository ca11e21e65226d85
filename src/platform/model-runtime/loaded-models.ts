import { LRUCache } from 'lru-cache';
import type { Input } from '../../core/input.js';
import type { Answer, ServedModel } from './types.js';

/** A challenger that was judged serves in a moment, and its champion is asked again by the next one's judge. */
const IDLE = { models: 4, milliseconds: 30_000 } as const;

interface Held {
  readonly model: Promise<ServedModel>;
  holders: number;
}

/**
 * Models by where they lie, each in memory once however many have it, and for a while after the last of them let it go.
 * What lies under a prefix never changes.
 */
export class LoadedModels {
  private readonly held = new Map<string, Held>();
  private readonly idle = new LRUCache<string, ServedModel>({
    max: IDLE.models,
    ttl: IDLE.milliseconds,
    ttlAutopurge: true,
    perf: { now: () => Date.now() },
    // Deleted is what somebody holds again.
    dispose: (model, _prefix, reason) => reason !== 'delete' && model.dispose(),
  });

  /** The model under a prefix, until its holder disposes of it. @param load reads it, where nobody has */
  async hold(prefix: string, load: () => Promise<ServedModel>): Promise<ServedModel> {
    const held = this.held.get(prefix) ?? { model: this.takeIdle(prefix) ?? load(), holders: 0 };
    this.held.set(prefix, held);
    held.holders += 1;
    try {
      const model = await held.model;
      return new HeldModel(model, () => this.release(prefix, held, model));
    } catch (error) {
      if (this.held.get(prefix) === held) this.held.delete(prefix);
      throw error;
    }
  }

  private takeIdle(prefix: string): Promise<ServedModel> | undefined {
    const model = this.idle.get(prefix);
    this.idle.delete(prefix);
    return model && Promise.resolve(model);
  }

  private release(prefix: string, held: Held, model: ServedModel): void {
    held.holders -= 1;
    if (held.holders > 0) return;
    this.held.delete(prefix);
    this.idle.set(prefix, model);
  }
}

/** A model as one of its holders has it. */
class HeldModel implements ServedModel {
  readonly kind;
  readonly labels;
  private isHeld = true;

  constructor(
    private readonly model: ServedModel,
    private readonly release: () => void,
  ) {
    this.kind = model.kind;
    this.labels = model.labels;
  }

  predict(inputs: readonly Input[]): Promise<Answer[]> {
    return this.model.predict(inputs);
  }

  dispose(): void {
    if (this.isHeld) this.release();
    this.isHeld = false;
  }
}
