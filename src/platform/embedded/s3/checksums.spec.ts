import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { compositeOf, hasherFor } from './checksums.js';

/** The check values of the CRC catalogue: of the nine digits. */
const CHECK = Buffer.from('123456789');

describe('checksums', () => {
  it.each([
    ['CRC32', 'cbf43926'],
    ['CRC32C', 'e3069283'],
    ['CRC64NVME', 'ae8b14860a799888'],
    ['SHA1', 'f7c3bc1d808e04732adf679965ccc34ca7ae3441'],
    ['SHA256', '15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225'],
  ] as const)('%s of 123456789', (algorithm, expected) => {
    const hasher = hasherFor(algorithm);
    hasher.update(CHECK);
    expect(hasher.digest().toString('hex')).toBe(expected);
  });

  it.each(['CRC32', 'CRC32C', 'CRC64NVME'] as const)('%s does not depend on how the bytes are cut', (algorithm) => {
    const whole = hasherFor(algorithm);
    const pieces = hasherFor(algorithm);
    const bytes = Buffer.from(Array.from({ length: 1_000 }, (_, i) => (i * 89) % 256));
    whole.update(bytes);
    for (let at = 0; at < bytes.length; at += 77) pieces.update(bytes.subarray(at, at + 77));
    expect(pieces.digest()).toEqual(whole.digest());
  });

  it('of an upload in parts are over the checksums of the parts', () => {
    const sha = (data: string | Buffer) => createHash('sha256').update(data).digest();
    const part = (data: string) =>
      ({ algorithm: 'SHA256', value: sha(data).toString('base64'), type: 'FULL_OBJECT' }) as const;
    const expected = `${sha(Buffer.concat([sha('a'), sha('b')])).toString('base64')}-2`;
    expect(compositeOf('SHA256', [part('a'), part('b')])).toMatchObject({ value: expected, type: 'COMPOSITE' });
  });
});
