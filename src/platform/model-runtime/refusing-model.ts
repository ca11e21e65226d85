import type { Input } from '../../core/input.js';
import type { Refusal } from './model-files.js';
import type { Answer, ServedModel } from './types.js';

/** A model that says "out of scope" also where it is not sure enough of what it would say. */
export class RefusingModel implements ServedModel {
  readonly kind;
  readonly labels;

  constructor(
    private readonly model: ServedModel,
    private readonly refusal: Refusal,
  ) {
    this.kind = model.kind;
    this.labels = model.labels;
  }

  async predict(inputs: readonly Input[]): Promise<Answer[]> {
    return (await this.model.predict(inputs)).map((answer) => this.orRefused(answer));
  }

  dispose(): void {
    this.model.dispose();
  }

  /** As sure of its refusal as the likeliest label leaves room for. */
  private orRefused(answer: Answer): Answer {
    const { label, threshold } = this.refusal;
    const isUnsure = answer.label !== label && answer.confidence < threshold;
    return isUnsure ? { ...answer, label, confidence: 1 - answer.confidence } : answer;
  }
}
