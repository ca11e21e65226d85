import { describe, expect, it } from 'vitest';
import { decide, judge } from './decided.js';
import type { Statement } from './label.js';

const says = (rater: string, label: string, raterRole: Statement['raterRole'] = 'user'): Statement => ({
  feedbackId: `${rater} ${label}`,
  kind: 'correction',
  label,
  raterId: rater,
  raterRole,
  occurredAt: 0,
  seq: 0n,
});

const TWO_TO_ONE = [says('anna', 'a'), says('ben', 'a'), says('carla', 'b')];
const judged = (statements: readonly Statement[], label: string, probability: number, isBetter = true) =>
  judge(decide(statements, 'x', null), { belief: { label, probability }, isBetter });

describe('judge', () => {
  it('lets those who are trusted overrule the majority where that is shown to be better', () => {
    expect(judged(TWO_TO_ONE, 'b', 0.9)).toMatchObject({
      status: 'resolved',
      label: 'b',
      support: 1,
      suggested: 'b',
      belief: 0.9,
      isByTrust: true,
    });
    expect(judged(TWO_TO_ONE, 'b', 0.9, false)).toMatchObject({
      label: 'a',
      support: 2,
      suggested: 'b',
      isByTrust: false,
    });
  });

  it('calls a dispute what is not sure, and ends one that is', () => {
    expect(judged(TWO_TO_ONE, 'a', 0.6)).toMatchObject({ status: 'disputed', label: null, candidates: ['a', 'b'] });
    const tie = [says('anna', 'a'), says('carla', 'b')];
    expect(decide(tie, 'x', null).status).toBe('disputed');
    expect(judged(tie, 'b', 0.8)).toMatchObject({ status: 'resolved', label: 'b', candidates: [] });
  });

  it('leaves alone what nobody contests, and what only those say who are not heard', () => {
    expect(judged([says('anna', 'a'), says('ben', 'a')], 'b', 1)).toMatchObject({ label: 'a', suggested: null });
    const annotators = [says('anna', 'a', 'annotator'), says('ben', 'b', 'annotator'), says('carla', 'c')];
    expect(judged(annotators, 'c', 1)).toMatchObject({ status: 'disputed', suggested: 'c', isByTrust: false });
  });

  it('knows nothing of what the crowd was not asked about', () => {
    const unknown = judge(decide(TWO_TO_ONE, 'x', null), { belief: undefined, isBetter: true });
    expect(unknown).toMatchObject({ label: 'a', suggested: null, belief: null });
  });
});
