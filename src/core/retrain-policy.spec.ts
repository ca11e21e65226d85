import { describe, expect, it } from 'vitest';
import { decideRetrain, type LoopState, type RetrainSettings } from './retrain-policy.js';

const settings: RetrainSettings = {
  minNewLabels: 200,
  debounceSeconds: 30,
  maxWaitSeconds: 600,
  nightlyHour: 3,
  driftLabels: 20,
  refitAfterModels: 10,
};
const at = (time: string) => new Date(`2026-11-24T${time}Z`);
const state = (over: Partial<LoopState> = {}): LoopState => ({
  now: at('12:00:00'),
  newLabels: 250,
  firstNewLabelAt: at('11:55:00'),
  lastNewLabelAt: at('11:59:00'),
  lastSnapshotAt: at('04:00:00'),
  isRunOpen: false,
  modelsSinceRefit: 0,
  ...over,
});

describe('decideRetrain', () => {
  it.each([
    [
      'enough labels and a quiet minute',
      {},
      { fire: true, trigger: 'new-labels', reason: '250 new labels since the last snapshot' },
    ],
    ['nothing new', { newLabels: 0 }, { fire: false, reason: 'no new labels since the last snapshot' }],
    ['too few', { newLabels: 12 }, { fire: false, reason: '12 of 200 new labels' }],
    [
      'a burst under way',
      { lastNewLabelAt: at('11:59:50') },
      { fire: false, reason: 'labels still arrive: 10.0 of 30 quiet seconds', againInSeconds: 20 },
    ],
    [
      'a burst that never ends',
      { lastNewLabelAt: at('11:59:59'), firstNewLabelAt: at('11:50:00') },
      { fire: true, trigger: 'new-labels', reason: '250 new labels since the last snapshot' },
    ],
    [
      'a run under way keeps the trigger',
      { isRunOpen: true },
      { fire: false, reason: 'a run is under way; 250 new labels wait for the next one' },
    ],
    [
      'the night, with few labels',
      { newLabels: 3, lastSnapshotAt: at('02:59:00') },
      { fire: true, trigger: 'nightly', reason: 'nightly run with 3 new labels' },
    ],
    ['the night has been served already', { newLabels: 3 }, { fire: false, reason: '3 of 200 new labels' }],
    [
      'no snapshot yet, labels from after the hour',
      { newLabels: 3, lastSnapshotAt: null },
      { fire: false, reason: '3 of 200 new labels' },
    ],
    [
      'no snapshot yet, labels from before the hour',
      { newLabels: 3, lastSnapshotAt: null, firstNewLabelAt: at('02:00:00') },
      { fire: true, trigger: 'nightly', reason: 'nightly run with 3 new labels' },
    ],
  ] as const)('%s', (_, over, expected) => expect(decideRetrain(state(over), settings)).toEqual(expected));

  const tenModels = { newLabels: 0, modelsSinceRefit: 10 };
  const afterTen = '10 models went on from the one before since all was learnt from nothing';
  const nothingNew = { fire: false, reason: 'no new labels since the last snapshot' };

  it.each([
    ['ten models, and quiet', {}, { fire: true, trigger: 'refit', reason: afterTen }],
    ['nine models', { modelsSinceRefit: 9 }, nothingNew],
    ['a snapshot was made lately', { lastSnapshotAt: at('11:50:01') }, nothingNew],
    ['as long ago as a burst may last', { lastSnapshotAt: at('11:50:00') }, { fire: true, trigger: 'refit' }],
    ['the nightly hour', { now: at('03:00:30'), lastSnapshotAt: at('03:00:10') }, { fire: true, trigger: 'refit' }],
    ['a run under way', { isRunOpen: true }, nothingNew],
    ['labels that wait', { newLabels: 3 }, { fire: false, reason: '3 of 200 new labels' }],
  ] as const)('learns from nothing where it delays no label: %s', (_, over, expected) =>
    expect(decideRetrain(state({ ...tenModels, ...over }), settings)).toMatchObject(expected),
  );

  it('never learns from nothing where the project does not want it', () => {
    const never = { ...settings, refitAfterModels: null };
    expect(decideRetrain(state({ ...tenModels, modelsSinceRefit: 1_000 }), never)).toEqual(nothingNew);
  });

  it('fires nightly before the hour has come today for a snapshot of the day before yesterday', () => {
    const decision = decideRetrain(
      state({ now: at('01:00:00'), newLabels: 1, lastSnapshotAt: new Date('2026-11-22T12:00:00Z') }),
      settings,
    );
    expect(decision).toMatchObject({ fire: true, trigger: 'nightly' });
  });
});
