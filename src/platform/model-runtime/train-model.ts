import { kindOf } from '../../core/input.js';
import type { SnapshotSample } from '../../core/manifest.js';
import { decodeDenseModel, encodeDenseModel } from './dense-model.js';
import { TrainingRefused } from './errors.js';
import { type Excluded, siftSamples } from './sift-samples.js';
import { sealFiles, verifiedManifest } from './model-files.js';
import { decodeTextModel, encodeTextModel } from './text-model.js';
import { trainDense } from './train-dense.js';
import { type LabelledText, trainText } from './train-text.js';
import type { ModelFiles, ModelKind, TrainedModel, TrainingOptions } from './types.js';

/** What heads are trained by: base SIMD, the same bytes on every machine. */
const HEADS = 'wasm-simd';
const FEWEST_SAMPLES = 4;
const MOST_REPORTED = 20;

interface Encoded {
  readonly files: ModelFiles;
  readonly backend: string;
  readonly finalLoss: number;
  readonly epochs: number;
}

/**
 * Trains on all the samples given, from the parent's weights when it is of the same kind. The labels are those of the
 * samples and of the parent, in code unit order. The same samples, seed, parent and backend give the same bytes.
 */
export async function trainModel(all: readonly SnapshotSample[], options: TrainingOptions): Promise<TrainedModel> {
  const startedAt = performance.now();
  const { usable: samples, excluded } = await siftSamples(all);
  const kind = requireTrainable(samples);
  const parent = parentOf(kind, options.parent);
  const counts = countLabels(samples);
  const labels = [...new Set([...counts.keys(), ...(parent?.labels ?? [])])].sort();

  const train = kind === 'text' ? textFiles : denseFiles;
  const { files, backend, finalLoss, epochs } = await train(samples, labels, {
    ...options,
    parent: parent?.files,
  });
  const facts = { kind, labels, seed: options.seed, backend, counts: Object.fromEntries(counts) };
  const seconds = (performance.now() - startedAt) / 1000;
  const metrics = { trainSamples: samples.length, seconds, finalLoss, epochs, ...reported(excluded) };
  return { kind, labels, files: sealFiles(files, facts), backend, metrics };
}

/** How many samples could not be read, and the first of them with their reasons; nothing when all could. */
const reported = (excluded: readonly Excluded[]) =>
  excluded.length > 0 ? { excluded: { samples: excluded.length, first: excluded.slice(0, MOST_REPORTED) } } : {};

function requireTrainable(samples: readonly SnapshotSample[]): ModelKind {
  if (samples.length < FEWEST_SAMPLES)
    throw new TrainingRefused(`${samples.length} samples, at least ${FEWEST_SAMPLES} are needed`);
  const kind = kindOf(samples[0]!.input);
  if (kind === 'blob') throw new TrainingRefused('inputs are references to data that is not here');
  const labels = new Set(samples.map(({ label }) => label));
  if (labels.size < 2) throw new TrainingRefused(`all samples have the label ${[...labels][0]}`);
  return kind;
}

/** A parent of another kind has nothing to hand on. */
function parentOf(kind: ModelKind, files: ModelFiles | undefined) {
  if (!files) return undefined;
  const manifest = verifiedManifest(files);
  return manifest.kind === kind ? { files, labels: manifest.labels } : undefined;
}

function countLabels(samples: readonly SnapshotSample[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { label } of samples) counts.set(label, (counts.get(label) ?? 0) + 1);
  return new Map([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

type Options = Omit<TrainingOptions, 'parent'> & { readonly parent: ModelFiles | undefined };

async function textFiles(
  samples: readonly SnapshotSample[],
  labels: readonly string[],
  { parent, ...options }: Options,
): Promise<Encoded> {
  const before = parent && decodeTextModel(parent, verifiedManifest(parent).labels);
  const texts = samples.map(({ input, label }): LabelledText => ({
    text: (input as { text: string }).text,
    label,
  }));
  const { weights, finalLoss, epochs } = await trainText(texts, labels, options, before);
  return { files: encodeTextModel(weights), backend: HEADS, finalLoss, epochs };
}

async function denseFiles(
  samples: readonly SnapshotSample[],
  labels: readonly string[],
  { parent, ...options }: Options,
): Promise<Encoded> {
  const before = parent && decodeDenseModel(parent, verifiedManifest(parent).labels);
  const { weights, finalLoss, epochs } = await trainDense(samples, labels, { ...options, parent: before });
  return { files: encodeDenseModel(weights), backend: HEADS, finalLoss, epochs };
}
