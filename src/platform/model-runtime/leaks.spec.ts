import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { Input } from '../../core/input.js';
import type { SnapshotSample } from '../../core/manifest.js';
import { leakCertificate } from './leaks.js';
import { seededRandom } from './random.js';

const samples = (prefix: string, inputs: readonly Input[]): SnapshotSample[] =>
  inputs.map((input, i) => ({
    sampleId: `${prefix}${i}`,
    label: 'a',
    split: 'train',
    groupHash: '',
    contentHash: '',
    revision: '1',
    input,
  }));

async function picture(seed: number, brightness = 1) {
  const random = seededRandom(seed);
  const pixels = Buffer.from(Array.from({ length: 72 }, () => 100 + 100 * random.next()));
  const png = await sharp(pixels, { raw: { width: 9, height: 8, channels: 1 } })
    .resize(36, 32)
    .linear(brightness)
    .png()
    .toBuffer();
  return { image: { contentType: 'image/png', base64: png.toString('base64') } };
}

async function sentAgain({ image }: Extract<Input, { image: unknown }>): Promise<Input> {
  const bytes = await sharp(Buffer.from(image.base64, 'base64')).resize(72, 64).jpeg({ quality: 50 }).toBuffer();
  return { image: { contentType: 'image/jpeg', base64: bytes.toString('base64') } };
}

describe('leakCertificate', () => {
  it('names what is held out and nearly the same as what is learnt', async () => {
    const learnt = samples('l', [
      { text: 'where is the parcel I ordered' },
      { vector: [1, 2, 3] },
      await picture(1),
      { image: { contentType: 'image/png', base64: 'AAAA' } },
    ]);
    const heldOut = samples('h', [
      { text: 'Where is the parcel I ordered?' },
      { text: 'how do I pay' },
      { vector: [1, 2, 3.0001] },
      { vector: [3, 2, 1] },
      await picture(1, 0.8),
      await sentAgain(await picture(1)),
      await picture(2),
      { image: { contentType: 'image/png', base64: 'AAAB' } },
    ]);
    expect(await leakCertificate(learnt, heldOut)).toEqual({ heldOut: 8, leaked: ['h0', 'h2', 'h4', 'h5'] });
  });

  it('has nothing to say where nothing is held out', async () => {
    expect(await leakCertificate(samples('l', [{ text: 'x' }]), [])).toEqual({ heldOut: 0, leaked: [] });
  });
});
