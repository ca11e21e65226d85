import { type Input, kindOf } from '../../core/input.js';
import type { SnapshotSample } from '../../core/manifest.js';
import {
  differenceHash,
  type Fingerprints,
  imageFingerprints,
  textFingerprints,
  twinsOf,
  vectorFingerprints,
  vectorSketch,
} from '../../core/near-duplicates.js';
import { InputMismatch } from './errors.js';
import { imagePixels } from './image-pixels.js';

/**
 * What was held out beside what was learnt. Near duplicates say little about how good a model is on what it has not seen:
 * they are counted apart, and left out of the comparison where enough others are left.
 */
export interface LeakCertificate {
  /** Held-out samples that were compared with all that was learnt from. */
  readonly heldOut: number;
  /** Those that are nearly the same as one of these. */
  readonly leaked: readonly string[];
}

/** What the difference hash reads. */
const SMALL = { width: 9, height: 8, channels: 1 } as const;

/** Looks for held-out samples that are nearly the same as a learnt one. The same inputs share a side already. */
export async function leakCertificate(
  learnt: readonly SnapshotSample[],
  heldOut: readonly SnapshotSample[],
): Promise<LeakCertificate> {
  const leaked: string[] = [];
  for (const [kind, fingerprints] of Object.entries(FINGERPRINTS)) {
    const isOfKind = ({ input }: SnapshotSample): boolean => kindOf(input) === kind;
    const [known, asked] = [learnt.filter(isOfKind), heldOut.filter(isOfKind)];
    if (known.length === 0 || asked.length === 0) continue;
    const twins = twinsOf(await fingerprints([...known, ...asked]), known.length);
    leaked.push(...[...twins.keys()].map((i) => asked[i - known.length]!.sampleId));
  }
  return { heldOut: heldOut.length, leaked };
}

const FINGERPRINTS: Readonly<Record<string, (samples: readonly SnapshotSample[]) => Promise<Fingerprints>>> = {
  text: async (samples) => textFingerprints(samples.map(({ input }) => (input as { text: string }).text)),
  vector: async (samples) => vectorFingerprints(samples.map(({ input }) => (input as { vector: number[] }).vector)),
  image: async (samples) => imageFingerprints(await Promise.all(samples.map(smallPixels))),
};

/** A picture that cannot be read is like no other: its pixels are noise of its own. */
async function smallPixels({ input }: SnapshotSample, i: number): Promise<ArrayLike<number>> {
  return (await pixelsOf(input, i)) ?? Array.from({ length: 72 }, (_, pixel) => Math.sin((i + 1) * (pixel + 1)));
}

async function pixelsOf(input: Input, i: number): Promise<ArrayLike<number> | null> {
  try {
    return await imagePixels(input, i, SMALL);
  } catch (error) {
    if (!(error instanceof InputMismatch)) throw error;
    return null;
  }
}

/** What is kept of a picture or a vector to tell later ones that are nearly the same; null where nothing can be told. */
export async function sketchOf({ input }: SnapshotSample): Promise<readonly number[] | null> {
  if ('vector' in input) return vectorSketch(input.vector);
  const pixels = await pixelsOf(input, 0);
  return pixels && [...differenceHash(pixels)];
}
