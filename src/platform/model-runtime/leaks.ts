import pLimit from 'p-limit';
import { type Input, kindOf } from '../../core/input.js';
import type { SnapshotSample } from '../../core/manifest.js';
import {
  type Fingerprints,
  GREY,
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
  image: async (samples) =>
    imageFingerprints(await pLimit(AT_ONCE).map(samples, async ({ input }) => (await greyPixels(input)) ?? [])),
};
/** Pictures that are decoded at once: each takes its memory again. */
const AT_ONCE = 32;

/** Null for a picture that cannot be read. */
async function greyPixels(input: Input): Promise<number[] | null> {
  try {
    const pixels = await imagePixels(input, 0, { ...GREY, channels: 1 });
    return Array.from(pixels, (value) => Math.round(value * 255));
  } catch (error) {
    if (!(error instanceof InputMismatch)) throw error;
    return null;
  }
}

/** What is kept of a picture or a vector to tell later ones that are nearly the same; null where nothing can be told. */
export async function sketchOf({ input }: SnapshotSample): Promise<readonly number[] | null> {
  return 'vector' in input ? vectorSketch(input.vector) : greyPixels(input);
}
