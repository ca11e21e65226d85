import type { Input } from '../../core/input.js';
import { valueText } from '../../core/task.js';
import type { Answer, ServedModel, SummingModel } from './types.js';

/** How far answers are from the truth in this share of cases. */
export interface Width {
  readonly halfWidth: number;
  readonly level: number;
}

/** A model whose one sum is the answer. */
export class ValueModel implements ServedModel {
  readonly kind;
  readonly labels = [];

  constructor(
    private readonly model: SummingModel,
    /** Null where too few samples were at hand to tell. */
    private readonly width: Width | null,
  ) {
    this.kind = model.kind;
  }

  async predict(inputs: readonly Input[]): Promise<Answer[]> {
    return (await this.model.sums(inputs)).map(([value]) => this.answerOf(value!));
  }

  dispose(): void {
    this.model.dispose();
  }

  private answerOf(value: number): Answer {
    const answer = { label: valueText(value), value, scores: {} };
    if (!this.width) return { ...answer, confidence: 0 };
    const { halfWidth, level } = this.width;
    return { ...answer, confidence: level, interval: { low: value - halfWidth, high: value + halfWidth, level } };
  }
}
