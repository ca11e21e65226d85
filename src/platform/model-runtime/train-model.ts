import { kindOf } from '../../core/input.js';
import type { SnapshotSample } from '../../core/manifest.js';
import { openBackend } from './backend.js';
import { decodeDenseModel, encodeDenseModel } from './dense-model.js';
import { InputMismatch, TrainingRefused } from './errors.js';
import { sealFiles, verifiedManifest } from './model-files.js';
import { decodeTextModel, encodeTextModel } from './text-model.js';
import { trainDense } from './train-dense.js';
import { type LabelledText, trainText } from './train-text.js';
import type { ModelFiles, ModelKind, TrainedModel, TrainingOptions } from './types.js';

const FEWEST_SAMPLES = 4;

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
export async function trainModel(samples: readonly SnapshotSample[], options: TrainingOptions): Promise<TrainedModel> {
  const startedAt = performance.now();
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
  const metrics = { trainSamples: samples.length, seconds, finalLoss, epochs };
  return { kind, labels, files: sealFiles(files, facts), backend, metrics };
}

function requireTrainable(samples: readonly SnapshotSample[]): ModelKind {
  if (samples.length < FEWEST_SAMPLES)
    throw new TrainingRefused(`${samples.length} samples, at least ${FEWEST_SAMPLES} are needed`);
  const kinds = new Set(samples.map(({ input }) => kindOf(input)));
  const [kind] = kinds;
  if (kinds.size > 1) throw new TrainingRefused(`samples of several kinds: ${[...kinds].sort().join(', ')}`);
  if (kind === 'blob') throw new TrainingRefused('inputs are references to data that is not here');
  const labels = new Set(samples.map(({ label }) => label));
  if (labels.size < 2) throw new TrainingRefused(`all samples have the label ${[...labels][0]}`);
  return kind!;
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
  return { files: encodeTextModel(weights), backend: 'sparse-js', finalLoss, epochs };
}

async function denseFiles(
  samples: readonly SnapshotSample[],
  labels: readonly string[],
  { parent, ...options }: Options,
): Promise<Encoded> {
  const before = parent && decodeDenseModel(parent, verifiedManifest(parent).labels);
  const { tf, backend } = await openBackend(options.backend);
  try {
    const { weights, finalLoss, epochs } = await trainDense(tf, samples, labels, {
      ...options,
      parent: before,
    });
    return { files: encodeDenseModel(weights), backend, finalLoss, epochs };
  } catch (error) {
    if (!(error instanceof InputMismatch)) throw error;
    throw new TrainingRefused(`sample ${samples[error.index]!.sampleId}: expected ${error.expected}`);
  }
}
