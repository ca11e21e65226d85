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

/** A long text of one of sixty labels: eight thousand of them keep a trainer busy for seconds. */
export function aLongMessage(n: number): { text: string; label: string } {
  const words = Array.from({ length: 40 }, (_, i) => `word${((n + 1) * (i + 7) * 7919) % 5003}`);
  return { text: `topic${n % 60} ${words.join(' ')}`, label: `label${n % 60}` };
}

/**
 * Predictions and the corrections that tell their labels. The texts are much alike; as groups of their own they are on
 * either side of the split all the same.
 */
export function labelledTraffic(from: number, count: number, messageOf: typeof aMessage = aMessage) {
  const messages = Array.from({ length: count }, (_, i) => ({ id: `m${from + i}`, ...messageOf(from + i) }));
  return {
    predictions: messages.map(({ id, text }) => aPrediction({ id, group: id, input: { text } })),
    feedback: messages.map(({ id, label }) => aCorrection({ predictionId: id, label })),
  };
}
