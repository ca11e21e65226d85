import { describe, expect, it } from 'vitest';
import { type Journey, timelineOf } from './journey.js';

const at = (second: number): Date => new Date(second * 1_000);
const said = (second: number) =>
  ({
    id: 'f',
    kind: 'correction',
    label: 'refund',
    raterId: 'anna',
    raterRole: 'user',
    receivedAt: at(second),
  }) as const;
const labelled: Journey = {
  ...{ side: 'train', status: 'resolved', label: 'refund', labelledAt: at(3) },
  ...{ snapshotId: null, snapshotAt: null, modelVersion: null, trainedAt: null, liveVersion: null, liveAt: null },
};
const whats = (steps: readonly { what: string }[]): string[] => steps.map(({ what }) => what);

describe('timelineOf', () => {
  it('begins when the prediction is received', () => {
    const steps = timelineOf({ receivedAt: at(1), statements: [], journey: undefined });
    expect(steps).toEqual([{ what: 'received', at: at(1) }]);
  });

  it('ends where the label is live', () => {
    const journey: Journey = {
      ...labelled,
      ...{ snapshotId: 's', snapshotAt: at(4), modelVersion: 2, trainedAt: at(5), liveVersion: 3, liveAt: at(6) },
    };
    const steps = timelineOf({ receivedAt: at(1), statements: [said(2)], journey });
    expect(whats(steps)).toEqual(['received', 'said', 'labelled', 'in-dataset', 'in-model', 'live']);
    expect(steps).toMatchObject([
      {},
      { feedbackId: 'f', rater: { id: 'anna', role: 'user' } },
      { label: 'refund', use: 'train' },
      { snapshotId: 's' },
      { version: 2 },
      { version: 3 },
    ]);
  });

  it('is in order where somebody spoke first', () => {
    const steps = timelineOf({ receivedAt: at(2), statements: [said(1)], journey: labelled });
    expect(whats(steps)).toEqual(['said', 'received', 'labelled']);
  });

  it.each([
    ['a dispute', { status: 'disputed', label: null }, ['received', 'disputed']],
    ['what says nothing of the label', { status: 'none', label: null }, ['received']],
    [
      'what is set aside goes into no dataset',
      { side: 'aside', snapshotId: 's', snapshotAt: at(4) },
      ['received', 'labelled'],
    ],
  ] as const)('%s', (_, over, expected) => {
    const steps = timelineOf({ receivedAt: at(1), statements: [], journey: { ...labelled, ...over } });
    expect(whats(steps)).toEqual(expected);
  });
});
