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

describe('canonicalJson', () => {
  it('does not depend on the order of members', () => {
    expect(canonicalJson({ b: [1, { d: 'x', c: null }], a: undefined })).toBe('{"b":[1,{"c":null,"d":"x"}]}');
  });
});

describe('sha256', () => {
  it('is the published digest of "abc"', () => {
    expect(sha256('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});
