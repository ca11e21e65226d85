import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ManifestLine } from './manifest.js';
import { lineAt, type Newcomer, type Place, placeOf } from './sides.js';

const aNewcomer = (over: Partial<Newcomer> = {}): Newcomer => ({
  side: 'train',
  groupHash: 'own',
  hasCallersGroup: false,
  isBound: false,
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

  it('never moves what is bound to its side', () => {
    expect(placeOf(aNewcomer({ isBound: true }), [HELD_OUT])).toEqual({ side: 'aside', groupHash: 'own' });
    expect(placeOf(aNewcomer({ isBound: true }), [LEARNT])).toEqual(LEARNT);
  });

  it('keeps what is tied together on one side, in whatever order it comes', () => {
    const newcomers = fc.array(
      fc.record({ side: fc.constantFrom('train', 'holdout'), isBound: fc.boolean(), twins: fc.array(fc.nat(11)) }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(newcomers, (all) => {
        const places: Place[] = [];
        for (const [i, { side, isBound, twins }] of all.entries()) {
          const own = twins.filter((twin) => twin < i).map((twin) => places[twin]!);
          const place = placeOf(aNewcomer({ side, isBound, groupHash: String(i) }), own);
          if (isBound) expect([side, 'aside']).toContain(place.side);
          if (place.side !== 'aside') for (const twin of own) expect([place.side, 'aside']).toContain(twin.side);
          places.push(place);
        }
      }),
    );
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
