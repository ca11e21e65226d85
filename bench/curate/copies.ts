import sharp from 'sharp';
import type { SnapshotSample } from '../../src/core/manifest.js';
import { leakCertificate } from '../../src/platform/model-runtime/leaks.js';
import { asSamples, fashionMnist } from '../learn/data.js';

const PICTURES = 1_000;

/** What becomes of pictures on their way: sent again, shrunk, enlarged, brightened. */
const ALTERED: Readonly<Record<string, (bytes: Buffer) => Promise<Buffer>>> = {
  'JPEG of quality 60': (bytes) => sharp(bytes).jpeg({ quality: 60 }).toBuffer(),
  'JPEG of quality 30': (bytes) => sharp(bytes).jpeg({ quality: 30 }).toBuffer(),
  '20 x 20 instead of 28 x 28': (bytes) => sharp(bytes).resize(20, 20).png().toBuffer(),
  '56 x 56': (bytes) => sharp(bytes).resize(56, 56).png().toBuffer(),
  'brighter by 15 %': (bytes) => sharp(bytes).modulate({ brightness: 1.15 }).png().toBuffer(),
  'a pixel cut off on each side': (bytes) =>
    sharp(bytes).extract({ left: 1, top: 1, width: 26, height: 26 }).png().toBuffer(),
};

/** Which share of altered pictures is told to be nearly the same as a known one, and of pictures that are others. */
export async function findingCopies(data: string): Promise<string[][]> {
  const samples = asSamples(await fashionMnist(data));
  const known = samples.slice(0, PICTURES);
  const share = async (asked: readonly SnapshotSample[]): Promise<string> =>
    ((await leakCertificate(known, asked)).leaked.length / asked.length).toFixed(3);
  const rows = [['other pictures', await share(samples.slice(PICTURES, 2 * PICTURES))]];
  for (const [name, alter] of Object.entries(ALTERED)) rows.push([name, await share(await alteredBy(alter, known))]);
  return rows;
}

const alteredBy = (alter: (bytes: Buffer) => Promise<Buffer>, samples: readonly SnapshotSample[]) =>
  Promise.all(
    samples.map(async (sample): Promise<SnapshotSample> => {
      if (!('image' in sample.input)) throw new Error(`${sample.sampleId} is no picture`);
      const { base64, contentType } = sample.input.image;
      const bytes = await alter(Buffer.from(base64, 'base64'));
      return { ...sample, input: { image: { contentType, base64: bytes.toString('base64') } } };
    }),
  );
