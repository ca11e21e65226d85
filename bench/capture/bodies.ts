import { randomUUID } from 'node:crypto';
import { seededRandom } from '../../src/platform/model-runtime/random.js';

const LABELS = ['refund', 'delivery', 'invoice', 'voucher', 'account', 'warranty', 'complaint', 'opening_hours'];
const TEXT_CHARACTERS = 620;

const random = seededRandom(1);
const word = (): string => Math.floor(random.next() * 36 ** 5).toString(36);

/** A prediction of about one kilobyte as JSON, with a text of its own and the score of each label. */
export function aKilobyte(more: object = {}): object {
  let text = '';
  while (text.length < TEXT_CHARACTERS) text += `${word()} `;
  const scores = Object.fromEntries(LABELS.map((label) => [label, 1 / LABELS.length]));
  const output = { label: LABELS[0], confidence: 0.125, scores };
  return { model: { name: 'bench', version: '1' }, input: { text }, output, ...more };
}

/** Bodies to go round and round; without an id each is new to the service whenever it comes. */
export const singles = (count: number): string[] => Array.from({ length: count }, () => JSON.stringify(aKilobyte()));

export const batches = (count: number, items: number): string[] =>
  Array.from({ length: count }, () => JSON.stringify({ items: Array.from({ length: items }, () => aKilobyte()) }));

export const lines = (count: number, items: number): string[] =>
  Array.from({ length: count }, () => Array.from({ length: items }, () => JSON.stringify(aKilobyte())).join('\n'));

/** Feedback about predictions with these ids, one each. */
export const corrections = (ids: readonly string[]): string[] =>
  ids.map((predictionId) =>
    JSON.stringify({ predictionId, kind: 'correction', label: 'delivery', rater: { id: randomUUID(), role: 'user' } }),
  );
