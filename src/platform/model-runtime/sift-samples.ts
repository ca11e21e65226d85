import { kindOf } from '../../core/input.js';
import type { SnapshotSample } from '../../core/manifest.js';
import { TrainingRefused } from './errors.js';
import { isImageOf } from './image-pixels.js';

/** A sample that no model can read, and why. */
export interface Excluded {
  readonly sampleId: string;
  readonly reason: string;
}

export interface Sifted {
  readonly usable: readonly SnapshotSample[];
  readonly excluded: readonly Excluded[];
}

/** Beyond this share it is not a few broken samples but data of another kind: somebody should look. */
const MOST_EXCLUDED = 0.1;

/**
 * Leaves out what is not of the commonest kind and, for vectors, of the commonest length, and images that cannot be
 * decoded: a few broken samples must not keep all others from being learnt. Throws {@link TrainingRefused} when they
 * are not few.
 */
export async function siftSamples(samples: readonly SnapshotSample[]): Promise<Sifted> {
  const shape = commonest(samples.map(shapeOf));
  const excluded: Excluded[] = [];
  const usable: SnapshotSample[] = [];
  for (const sample of samples) {
    const reason = await faultOf(sample, shape);
    if (reason) excluded.push({ sampleId: sample.sampleId, reason });
    else usable.push(sample);
  }
  if (excluded.length > samples.length * MOST_EXCLUDED) {
    const [{ sampleId, reason }] = excluded as [Excluded];
    throw new TrainingRefused(
      `${excluded.length} of ${samples.length} samples cannot be read, the first is ${sampleId}: ${reason}`,
    );
  }
  return { usable, excluded };
}

const shapeOf = ({ input }: SnapshotSample): string =>
  'vector' in input ? `a vector of ${input.vector.length} numbers` : `of the kind ${kindOf(input)}`;

async function faultOf(sample: SnapshotSample, shape: string): Promise<string | undefined> {
  const { input } = sample;
  if (shapeOf(sample) !== shape) return `is ${shapeOf(sample)}, most are ${shape}`;
  if (!('image' in input)) return undefined;
  const { contentType, base64 } = input.image;
  return (await isImageOf(contentType, Buffer.from(base64, 'base64'))) ? undefined : `is no ${contentType}`;
}

/** Of several that are as common, the first in code unit order. */
function commonest(shapes: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const shape of shapes) counts.set(shape, (counts.get(shape) ?? 0) + 1);
  const [first] = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
  return first?.[0] ?? '';
}
