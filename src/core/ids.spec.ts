import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, newId, sha256 } from './ids.js';

describe('newId', () => {
  it('is a UUID of version 7 that carries the time', () => {
    expect(newId(0x017f22e279b0, Buffer.from('0cc318c4dc0c0c07398f', 'hex'))).toBe(
      '017f22e2-79b0-7cc3-98c4-dc0c0c07398f',
    ); // RFC 9562, A.6
  });

  it('sorts by time', () => expect(newId(1_000) < newId(2_000)).toBe(true));
});

/** Written out member by member. */
function reference(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => reference(item ?? null)).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${reference(member)}`);
  return `{${members.join(',')}}`;
}

describe('canonicalJson', () => {
  it('does not depend on the order of members', () => {
    expect(canonicalJson({ b: [1, { d: 'x', c: null }], a: undefined })).toBe('{"b":[1,{"c":null,"d":"x"}]}');
  });

  it('sorts keys by code unit, numbers among them', () => {
    const value = { b: 1, 10: 2, 9: 3, B: { 2: 'x', 10: 'y' }, é: [{ z: 1, 1: 2 }] };
    expect(canonicalJson(value)).toBe('{"10":2,"9":3,"B":{"10":"y","2":"x"},"b":1,"é":[{"1":2,"z":1}]}');
  });

  it('is the text that was always written: hashes of it are stored', () => {
    const keys = fc.oneof(fc.string(), fc.constantFrom('0', '7', '10', 'a', 'constructor'));
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        fc.jsonValue({ maxDepth: 0 }),
        fc.constant(undefined),
        fc.array(tie('tree'), { maxLength: 4 }),
        fc.dictionary(keys, tie('tree'), { maxKeys: 5 }),
      ),
    }));
    fc.assert(
      fc.property(tree, (value) => {
        if (value !== undefined) expect(canonicalJson(value)).toBe(reference(value));
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('sha256', () => {
  it('is the published digest of "abc"', () => {
    expect(sha256('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});
