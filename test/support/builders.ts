import { randomUUID } from 'node:crypto';

/** A prediction to post; a test names only what it is about. */
export const aPrediction = (over: object = {}) => ({
  id: randomUUID(),
  model: { name: 'bot', version: '1' },
  input: { text: 'where is my parcel?' },
  output: { label: 'delivery', confidence: 0.71 },
  ...over,
});

/** Feedback to post. */
export const aCorrection = (over: object = {}) => ({
  id: randomUUID(),
  kind: 'correction',
  label: 'refund',
  rater: { id: 'anna', role: 'user' },
  ...over,
});

const WORDS: Readonly<Record<string, readonly string[]>> = {
  account: ['password', 'login', 'email', 'profile'],
  delivery: ['parcel', 'courier', 'arrive', 'track'],
  refund: ['money', 'refund', 'return', 'cash'],
};

/** Texts of three labels that a model can learn: the n-th of an endless row. */
export function aMessage(n: number): { text: string; label: string } {
  const labels = Object.keys(WORDS);
  const label = labels[n % labels.length]!;
  const words = WORDS[label]!;
  return { text: `question ${n}: ${words[n % 4]} or ${words[(n * 7 + 1) % 4]} please`, label };
}

/** Predictions and the corrections that tell their labels. */
export function labelledTraffic(from: number, count: number) {
  const messages = Array.from({ length: count }, (_, i) => ({ id: `m${from + i}`, ...aMessage(from + i) }));
  return {
    predictions: messages.map(({ id, text }) => aPrediction({ id, input: { text } })),
    feedback: messages.map(({ id, label }) => aCorrection({ predictionId: id, label })),
  };
}
