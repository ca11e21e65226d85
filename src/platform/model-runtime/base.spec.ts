import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { apart, readNumbers, together } from './base.js';
import { InputMismatch } from './errors.js';

describe('what a base reads', () => {
  it.each([
    ['zero-to-one', [0, 0.2, 1]],
    ['zero-to-255', [0, 51, 255]],
    ['minus-one-to-one', [-1, -0.6, 1]],
  ] as const)('of a picture are its pixels from %s', async (pixels, expected) => {
    const raw = { width: 3, height: 1, channels: 1 } as const;
    const png = await sharp(Buffer.from([0, 51, 255]), { raw })
      .png()
      .toBuffer();
    const input = { image: { contentType: 'image/png', base64: png.toString('base64') } };
    const found = await readNumbers(input, 0, { kind: 'image', ...raw, pixels });
    expected.forEach((value, i) => expect(found[i]).toBeCloseTo(value, 5));
  });

  it('of a vector are its numbers, as many as it takes', async () => {
    const spec = { kind: 'vector', size: 2 } as const;
    expect(await readNumbers({ vector: [1, -2] }, 0, spec)).toEqual(Float32Array.of(1, -2));
    await expect(readNumbers({ vector: [1] }, 3, spec)).rejects.toThrow(new InputMismatch(3, 'a vector of 2 numbers'));
  });

  it('lies together on its way between threads', () => {
    const all = together([Float32Array.of(1, 2), Float32Array.of(3, 4)]);
    expect(all).toEqual(Float32Array.of(1, 2, 3, 4));
    expect(apart(all, 2)).toEqual([Float32Array.of(1, 2), Float32Array.of(3, 4)]);
    expect(apart(together([]), 2)).toEqual([]);
  });
});
