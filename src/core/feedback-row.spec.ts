import { describe, expect, it } from 'vitest';
import { feedbackRow, type PostedFeedback, restoredFeedback } from './feedback-row.js';
import { packedLine, readLine } from './pack-line.js';

const posted: PostedFeedback = {
  id: 'f1',
  predictionId: 'p1',
  kind: 'correction',
  label: 'refund',
  rater: { id: 'anna', role: 'user' },
};
const now = new Date('2026-11-24T12:00:00Z');
const row = (over: Partial<PostedFeedback> = {}, client: string | null = 'app/1') =>
  feedbackRow({ ...posted, ...over }, { keyId: 'k1', client }, now);

describe('feedbackRow', () => {
  it('sees another body under the same id, but not another order of members', () => {
    expect(row({ label: 'delivery' }).bodyHash).not.toBe(row().bodyHash);
    const { rater, ...rest } = posted;
    expect(feedbackRow({ rater, ...rest }, { keyId: 'k1', client: null }, now).bodyHash).toBe(row().bodyHash);
  });

  it.each([
    ['with every member given', { occurredAt: '2026-01-01T00:00:00Z', comment: '"so"\n', rating: 0.5 }, 'app/1'],
    ['with an id and a time of ours', { id: undefined }, null],
  ])('is made again from its packed line, %s', (_, over, client) => {
    const first = row(over, client);
    const packed = packedLine(`{"seq":7,${first.line.slice(1)}`, '2026-11-24T12:00:01.000Z');
    expect(readLine(packed)).toMatchObject({ seq: 7, receivedAt: '2026-11-24T12:00:01.000Z' });
    expect(restoredFeedback(readLine(packed))).toEqual(first);
  });
});
