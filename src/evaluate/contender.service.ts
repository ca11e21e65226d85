import { Injectable } from '@nestjs/common';
import type { HoldoutAnswers } from '../core/comparison.js';
import type { Input } from '../core/input.js';
import { type LabelChanges, labelToday } from '../core/label-changes.js';
import type { SnapshotSample } from '../core/manifest.js';
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

type Given = Pick<Answer, 'label' | 'confidence'>;

/** Lets models answer that are compared. */
@Injectable()
export class ContenderService {
  constructor(
    private readonly runtime: ModelRuntime,
    private readonly objects: ObjectStore,
  ) {}

  /** Answers in the order of the samples, by the names that labels have today, and how long they took. */
  async answers(
    { version, prefix, labels }: Contender,
    samples: readonly SnapshotSample[],
  ): Promise<HoldoutAnswers & { readonly milliseconds: number }> {
    const model = await this.runtime.load(this.objects, prefix);
    try {
      const given: Given[] = [];
      let milliseconds = 0;
      for (let start = 0; start < samples.length; start += CHUNK) {
        const startedAt = performance.now();
        const inputs = samples.slice(start, start + CHUNK).map(({ input }) => input);
        given.push(...(await answersOf(model, inputs)));
        milliseconds += performance.now() - startedAt;
        await new Promise((resolve) => setImmediate(resolve));
      }
      const answers = given.map(({ label }) => labelToday(labels, label) ?? label);
      return { version, answers, confidences: given.map(({ confidence }) => confidence), milliseconds };
    } finally {
      model.dispose();
    }
  }
}

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
