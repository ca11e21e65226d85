import type { Answer } from './types.js';

/** Turns scores into probabilities in place and returns ln of their sum of exponentials. */
export function softmaxInPlace(scores: Float64Array): number {
  let most = -Infinity;
  for (const score of scores) most = Math.max(most, score);
  let sum = 0;
  for (let c = 0; c < scores.length; c += 1) {
    scores[c] = Math.exp(scores[c]! - most);
    sum += scores[c]!;
  }
  for (let c = 0; c < scores.length; c += 1) scores[c]! /= sum;
  return most + Math.log(sum);
}

/** The most probable label; of equals the one that comes first. */
export function answerOf(labels: readonly string[], probabilities: Float64Array): Answer {
  let best = 0;
  for (let c = 1; c < labels.length; c += 1) if (probabilities[c]! > probabilities[best]!) best = c;
  // Object.fromEntries rather than assignment: a label may be called "__proto__".
  const scores = Object.fromEntries(labels.map((label, c) => [label, probabilities[c]!]));
  return { label: labels[best]!, confidence: probabilities[best]!, scores };
}
