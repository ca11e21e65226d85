import { describe, expect, it } from 'vitest';
import type { ManifestLine } from './manifest.js';
import { lineAt, type Newcomer, placeOf } from './sides.js';

const aNewcomer = (over: Partial<Newcomer> = {}): Newcomer => ({
  side: 'train',
  groupHash: 'own',
  hasCallersGroup: false,
  wasUsed: false,
  isGolden: false,
  ...over,
});
const LEARNT = { side: 'train', groupHash: 'learnt' } as const;
const HELD_OUT = { side: 'holdout', groupHash: 'held out' } as const;
const ASIDE = { side: 'aside', groupHash: 'aside' } as const;

describe('placeOf', () => {
  it('is its own for what is like nothing, or like what takes no part', () => {
    expect(placeOf(aNewcomer(), [])).toEqual({ side: 'train', groupHash: 'own' });
    expect(placeOf(aNewcomer({ side: 'holdout' }), [ASIDE])).toEqual({ side: 'holdout', groupHash: 'own' });
  });

  it('is that of what it is like', () => {
    expect(placeOf(aNewcomer(), [HELD_OUT])).toEqual(HELD_OUT);
    expect(placeOf(aNewcomer({ side: 'holdout' }), [ASIDE, LEARNT, LEARNT])).toEqual(LEARNT);
  });

  it('is aside for what is like samples on both sides', () => {
    expect(placeOf(aNewcomer(), [LEARNT, HELD_OUT])).toEqual({ side: 'aside', groupHash: 'own' });
  });

  it('never moves what was used on its side', () => {
    expect(placeOf(aNewcomer({ wasUsed: true }), [HELD_OUT])).toEqual({ side: 'aside', groupHash: 'own' });
    expect(placeOf(aNewcomer({ wasUsed: true }), [LEARNT])).toEqual(LEARNT);
  });

  it('is held out for what is golden', () => {
    const golden = aNewcomer({ side: 'holdout', isGolden: true });
    expect(placeOf(golden, [LEARNT])).toEqual({ side: 'holdout', groupHash: 'own' });
    expect(placeOf(golden, [LEARNT, HELD_OUT])).toEqual({ side: 'holdout', groupHash: 'own' });
  });

  it('is what the caller said where they gave a group', () => {
    expect(placeOf(aNewcomer({ hasCallersGroup: true }), [HELD_OUT])).toEqual({ side: 'train', groupHash: 'own' });
  });
});

describe('lineAt', () => {
  const line = {
    sampleId: 's',
    split: 'holdout',
    groupHash: 'own',
    goldenAt: '2026-11-26T00:00:00.000Z',
  } as ManifestLine;

  it('leaves out what is set aside', () => {
    expect(lineAt(line, ASIDE)).toEqual([]);
  });

  it('keeps as golden only what is held out', () => {
    expect(lineAt(line, HELD_OUT)).toEqual([{ ...line, ...{ split: 'holdout', groupHash: 'held out' } }]);
    expect(lineAt(line, LEARNT)).toEqual([{ sampleId: 's', split: 'train', groupHash: 'learnt' }]);
  });
});
