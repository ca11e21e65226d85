import { describe, expect, it } from 'vitest';
import { canonicalJson, sha256 } from './ids.js';
import { packedLine, readLine } from './pack-line.js';
import { type PostedPrediction, predictionRow, restoredRow } from './prediction-row.js';

const posted: PostedPrediction = {
  id: 'p1',
  model: { version: '1' },
  input: { text: 'Where is my  parcel?' },
  output: { label: 'delivery' },
};
const options = { holdoutPercent: 20, now: new Date('2026-11-24T12:00:00Z') };
const row = (over: Partial<PostedPrediction> = {}) => predictionRow('shop', { ...posted, ...over }, options);

describe('predictionRow', () => {
  it('puts equal texts into one group whatever their case and spaces', () => {
    expect(row({ input: { text: ' where is MY parcel?' } }).groupHash).toBe(row().groupHash);
    expect(row({ input: { text: 'where is your parcel?' } }).groupHash).not.toBe(row().groupHash);
  });

  it.each([
    'Plain words!',
    ' Two  spaces ',
    'a "quoted" \\ word',
    'Café',
    'ﬁne',
    'İ',
    '[x]~/{}',
    'tab\there',
    '',
    ' ',
    '🎡',
  ])('hashes what is left of %j for ever by the same rule, plain or not', (text) => {
    const normal = text.normalize('NFKC').toLowerCase().trim().replace(/\s+/g, ' ');
    expect(row({ input: { text } }).contentHash).toBe(sha256(canonicalJson({ text: normal })));
  });

  it("lets the caller's group decide", () => {
    expect(row({ group: 'g', input: { text: 'a' } }).split).toBe(row({ group: 'g', input: { text: 'b' } }).split);
  });

  it('sees another body under the same id, but not another order of members', () => {
    expect(row({ output: { label: 'refund' } }).bodyHash).not.toBe(row().bodyHash);
    const shuffled = { output: posted.output, input: posted.input, model: posted.model, id: 'p1' };
    expect(predictionRow('shop', shuffled, options).bodyHash).toBe(row().bodyHash);
  });

  it('has the margin of the two best scores, or the confidence alone', () => {
    expect(row({ output: { label: 'a', scores: { a: 0.6, b: 0.3, c: 0.1 } } }).margin).toBeCloseTo(0.3, 12);
    expect(row({ output: { label: 'b', scores: { a: 0.1, b: 0.6, c: 0.3 } } }).margin).toBeCloseTo(0.3, 12);
    expect(row({ output: { label: 'c', scores: { a: 0.3, b: 0.1, c: 0.6 } } }).margin).toBeCloseTo(0.3, 12);
    expect(row({ output: { label: 'a', scores: { a: 0.5, b: 0.5 } } }).margin).toBe(0);
    expect(row({ output: { label: 'a', scores: { a: 0.4 } } }).margin).toBe(0.4);
    expect(row({ output: { label: 'a', confidence: 0.2, scores: {} } }).margin).toBe(0.2);
    expect(row({ output: { label: 'a', confidence: 0.7 } }).margin).toBe(0.7);
    expect(row().margin).toBeNull();
  });

  it('completes the body with what was left out', () => {
    expect(readLine(row().line)).toMatchObject({
      item: { ...posted, occurredAt: '2026-11-24T12:00:00.000Z' },
      made: ['occurredAt'],
    });
    expect(row({ id: undefined }).id).toMatch(/^[0-9a-f-]{36}$/);
  });

  it.each([
    ['with every member given', { occurredAt: '2026-01-01T00:00:00Z', group: 'g', attributes: { n: 1e-7 } }],
    ['with an id and a time of ours', { id: undefined }],
    ['of an input with odd characters', { input: { text: '"\\n\u2028🎡' } }],
  ])('is made again from its packed line, %s', (_, over) => {
    const first = row(over);
    const line = packedLine(first.line, '2026-11-24T12:00:01.000Z');
    expect(restoredRow('shop', readLine(line), 99)).toEqual(first);
    expect(readLine(line).receivedAt).toBe('2026-11-24T12:00:01.000Z');
  });

  it('is made again from a line of the first form, which was the body alone', () => {
    const { split: _split, line: _line, ...first } = row({ occurredAt: '2026-01-01T00:00:00Z' });
    const line = JSON.stringify({ ...posted, occurredAt: '2026-01-01T00:00:00Z' });
    expect(restoredRow('shop', readLine(line), 20)).toMatchObject(first);
  });
});
