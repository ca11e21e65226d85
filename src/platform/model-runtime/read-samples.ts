import { kindOf } from '../../core/input.js';
import type { SnapshotSample } from '../../core/manifest.js';
import { countBy } from '../../core/tally.js';
import { type BaseInputs, type DenseInputs, denseFeatures } from './dense-model.js';
import { orUnreadable, TrainingRefused } from './errors.js';
import { activationsOf, type OwnBase } from './own-base.js';
import type { TrainingPace } from './training-pace.js';
import type { Excluded, ModelKind, TrainingOptions } from './types.js';

/** A sample and, for vectors and images, the numbers a network reads. */
export interface ReadSample {
  readonly sample: SnapshotSample;
  readonly numbers: ArrayLike<number>;
}

export interface ReadSamples {
  readonly kind: ModelKind;
  /** How inputs become numbers; undefined for texts. */
  readonly inputs: DenseInputs | undefined;
  readonly usable: readonly ReadSample[];
  readonly excluded: readonly Excluded[];
}

const IMAGE = { kind: 'image', shape: { width: 28, height: 28, channels: 1 }, base: 'oriented-gradients' } as const;
const FEWEST_SAMPLES = 4;
/** Beyond this share it is not a few broken samples but data of another kind: somebody should look. */
const MOST_EXCLUDED = 0.1;
/** Images decoded at once: enough to keep all threads of the pool busy. */
const AT_ONCE = 32;

/**
 * Reads every sample once. Leaves out what is not of the commonest kind and, for vectors, of the commonest length, and
 * images that cannot be decoded: a few broken samples must not keep all others from being learnt. Throws
 * {@link TrainingRefused} when they are not few, or when nothing can be learnt from the rest.
 */
export async function readSamples(
  samples: readonly SnapshotSample[],
  pace: TrainingPace,
  own?: OwnBase,
  onProgress: TrainingOptions['onProgress'] = () => undefined,
): Promise<ReadSamples> {
  const shape = commonest(samples.map(shapeOf));
  const alike = samples.filter((sample) => shapeOf(sample) === shape);
  const excluded = samples
    .filter((sample) => shapeOf(sample) !== shape)
    .map((sample) => ({ sampleId: sample.sampleId, reason: `is ${shapeOf(sample)}, most are ${shape}` }));
  const kind = requireKind(alike);
  const base = own && doesRead(own.inputs, alike[0]!) ? own : undefined;
  const inputs = base?.inputs ?? inputsOf(alike[0]!, kind);
  const numbers = base ? await activationsOf(alike, base, pace, onProgress) : await numbersOf(alike, inputs, pace);
  const usable: ReadSample[] = [];
  alike.forEach((sample, i) => {
    if (numbers[i]) usable.push({ sample, numbers: numbers[i] });
    else excluded.push({ sampleId: sample.sampleId, reason: faultOf(sample) });
  });
  requireFew(excluded, samples.length);
  requireLabels(usable);
  return { kind, inputs, usable, excluded };
}

/** A base of another kind or size than the samples is left alone. */
const doesRead = ({ of, spec }: BaseInputs, { input }: SnapshotSample): boolean =>
  of === kindOf(input) &&
  (spec.input.kind === 'image' || ('vector' in input && input.vector.length === spec.input.size));

/** The numbers of each sample: none for a text; undefined for one that cannot be read. */
async function numbersOf(
  samples: readonly SnapshotSample[],
  inputs: DenseInputs | undefined,
  pace: TrainingPace,
): Promise<(ArrayLike<number> | undefined)[]> {
  const read = ({ input }: SnapshotSample): Promise<ArrayLike<number>> =>
    inputs && inputs.kind !== 'base' ? denseFeatures(input, 0, inputs) : Promise.resolve([]);
  const numbers: (ArrayLike<number> | undefined)[] = [];
  for (let from = 0; from < samples.length; from += AT_ONCE) {
    const part = samples.slice(from, from + AT_ONCE);
    numbers.push(...(await Promise.all(part.map((sample) => orUnreadable(read(sample))))));
    await pace.breathe();
  }
  return numbers;
}

function inputsOf({ input }: SnapshotSample, kind: ModelKind): DenseInputs | undefined {
  if (kind === 'text') return undefined;
  return 'vector' in input ? { kind: 'vector', size: input.vector.length } : IMAGE;
}

function requireKind(samples: readonly SnapshotSample[]): ModelKind {
  if (samples.length < FEWEST_SAMPLES)
    throw new TrainingRefused(`too few samples: ${samples.length}, at least ${FEWEST_SAMPLES} are needed`);
  const kind = kindOf(samples[0]!.input);
  if (kind === 'blob') throw new TrainingRefused('inputs are references to data that is not here');
  return kind;
}

function requireFew(excluded: readonly Excluded[], all: number): void {
  if (excluded.length <= all * MOST_EXCLUDED) return;
  const [{ sampleId, reason }] = excluded as [Excluded];
  throw new TrainingRefused(`${excluded.length} of ${all} samples cannot be read, the first is ${sampleId}: ${reason}`);
}

function requireLabels(usable: readonly ReadSample[]): void {
  const labels = new Set(usable.map(({ sample }) => sample.label));
  if (labels.size < 2) throw new TrainingRefused(`all samples have the label ${[...labels][0]}`);
}

const shapeOf = ({ input }: SnapshotSample): string =>
  'vector' in input ? `a vector of ${input.vector.length} numbers` : `of the kind ${kindOf(input)}`;

const faultOf = ({ input }: SnapshotSample): string =>
  'image' in input ? `is no ${input.image.contentType}` : 'holds numbers that are none';

/** Of several that are as common, the first in code unit order. */
function commonest(shapes: readonly string[]): string {
  const [first] = [...countBy(shapes)].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
  return first?.[0] ?? '';
}
