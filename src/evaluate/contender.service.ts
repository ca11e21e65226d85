import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { HoldoutAnswers } from '../core/comparison.js';
import type { Input } from '../core/input.js';
import { type LabelChanges, labelToday } from '../core/label-changes.js';
import type { SnapshotSample } from '../core/manifest.js';
import { sum } from '../core/tally.js';
import { type Answer, InputMismatch, ModelRuntime, type ServedModel } from '../platform/model-runtime/model-runtime.js';
import { ObjectStore } from '../platform/object-store/object-store.js';

export interface Contender {
  readonly version: number;
  readonly prefix: string;
  /** It may answer by names that labels had when it was made. */
  readonly labels: LabelChanges;
}

/** Inputs answered between two turns of the event loop. */
const CHUNK = 64;
/** Labels have at least one character. */
const NO_ANSWER = { label: '', confidence: 0 };

/** Answers kept, of all models: a champion said most of them when it was a challenger. */
const MOST_KEPT = 100_000;

type Given = Pick<Answer, 'label' | 'confidence'>;

interface Kept extends Given {
  readonly milliseconds: number;
}

/** Lets models answer that are compared. */
@Injectable()
export class ContenderService {
  private readonly kept = new LRUCache<string, Kept>({ max: MOST_KEPT });

  constructor(
    private readonly runtime: ModelRuntime,
    private readonly objects: ObjectStore,
  ) {}

  /**
   * Answers in the order of the samples, by the names that labels have today, and how long they took. A sample never
   * changes and neither does a model: what one has said of the other is not asked again.
   */
  async answers(
    { version, prefix, labels }: Contender,
    samples: readonly SnapshotSample[],
  ): Promise<HoldoutAnswers & { readonly milliseconds: number }> {
    const kept = samples.map(({ sampleId }) => this.kept.get(keyOf(prefix, sampleId)));
    const fresh = await this.ask(
      prefix,
      samples.filter((_, i) => !kept[i]),
    );
    const given = samples.map(({ sampleId }, i) => kept[i] ?? fresh.get(sampleId)!);
    return {
      version,
      answers: given.map(({ label }) => labelToday(labels, label) ?? label),
      confidences: given.map(({ confidence }) => confidence),
      milliseconds: sum(given.map(({ milliseconds }) => milliseconds)),
    };
  }

  /** Answers by sample, which are kept as well. */
  private async ask(prefix: string, samples: readonly SnapshotSample[]): Promise<Map<string, Kept>> {
    const given = new Map<string, Kept>();
    if (samples.length === 0) return given;
    const model = await this.runtime.load(this.objects, prefix);
    try {
      for (let start = 0; start < samples.length; start += CHUNK) {
        const startedAt = performance.now();
        const some = samples.slice(start, start + CHUNK);
        const answers = await answersOf(
          model,
          some.map(({ input }) => input),
        );
        const milliseconds = (performance.now() - startedAt) / some.length;
        answers.forEach(({ label, confidence }, i) =>
          given.set(some[i]!.sampleId, { label, confidence, milliseconds }),
        );
        await new Promise((resolve) => setImmediate(resolve));
      }
      for (const [sampleId, one] of given) this.kept.set(keyOf(prefix, sampleId), one);
      return given;
    } finally {
      model.dispose();
    }
  }
}

const keyOf = (prefix: string, sampleId: string): string => `${prefix} ${sampleId}`;

/** An input that the model cannot read has no answer, which is a wrong one, and keeps no other from being judged. */
async function answersOf(model: ServedModel, inputs: readonly Input[]): Promise<Given[]> {
  try {
    return await model.predict(inputs);
  } catch (error) {
    if (!(error instanceof InputMismatch)) throw error;
    if (inputs.length === 1) return [NO_ANSWER];
    return (await Promise.all(inputs.map((input) => answersOf(model, [input])))).flat();
  }
}
