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

/** Says of probabilities in the order of the labels which is the largest; of equals the one that comes first. */
export function answersIn(labels: readonly string[]): (probabilities: Float64Array) => Answer {
  // Copied for each answer, which is faster than to make one, and its names are its own: a label may be called "__proto__".
  const none = Object.fromEntries(labels.map((label) => [label, 0]));
  return (probabilities) => {
    const scores = { ...none };
    let best = 0;
    for (let c = 0; c < labels.length; c += 1) {
      scores[labels[c]!] = probabilities[c]!;
      if (probabilities[c]! > probabilities[best]!) best = c;
    }
    return { label: labels[best]!, confidence: probabilities[best]!, scores };
  };
}
