import { describe, expect, it } from 'vitest';
import { RefusingModel } from './refusing-model.js';
import type { ServedModel } from './types.js';

/** Says how sure it is of "a"; the rest goes to "none". */
const model: ServedModel = {
  kind: 'vector',
  labels: ['a', 'none'],
  predict: async (inputs) =>
    inputs.map((input) => {
      const [a] = (input as { vector: number[] }).vector as [number];
      const label = a >= 0.5 ? 'a' : 'none';
      return { label, confidence: Math.max(a, 1 - a), scores: { a, none: 1 - a } };
    }),
  dispose: () => undefined,
};

describe('a model with a threshold', () => {
  it('refuses where it is not sure enough, and leaves what it was sure of', async () => {
    const refusing = new RefusingModel(model, { label: 'none', threshold: 0.75 });
    const answers = await refusing.predict([{ vector: [0.75] }, { vector: [0.625] }, { vector: [0.375] }]);
    expect(answers.map(({ label, confidence }) => ({ label, confidence }))).toEqual([
      { label: 'a', confidence: 0.75 },
      { label: 'none', confidence: 0.375 },
      { label: 'none', confidence: 0.625 },
    ]);
    expect(answers[1]!.scores).toEqual({ a: 0.625, none: 0.375 });
  });
});
