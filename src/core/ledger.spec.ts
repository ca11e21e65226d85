import { describe, expect, it } from 'vitest';
import { addTerms, balanceOf } from './ledger.js';

describe('balanceOf', () => {
  it.each([
    ['nothing at all', {}, 0],
    ['every item in one place', { received: 10, stored: 4, duplicate: 3, conflict: 1, rejected: 1, parked: 1 }, 0],
    ['a lost item', { received: 10, stored: 9 }, 1],
    ['an item counted twice', { received: 10, stored: 10, duplicate: 1 }, -1],
  ] as const)('of %s', (_, terms, difference) => {
    expect(balanceOf(terms)).toMatchObject({ difference, balanced: difference === 0 });
  });

  it('is kept by addition', () => {
    const both = addTerms(balanceOf({ received: 2, stored: 2 }), balanceOf({ received: 3, parked: 3 }));
    expect(balanceOf(both)).toMatchObject({ received: 5, stored: 2, parked: 3, balanced: true });
  });
});
