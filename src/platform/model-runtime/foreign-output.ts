import { z } from 'zod';
import { type BaseInput, faultsOfBase, type ForeignInput, formatOf } from '../../core/base-model.js';
import { kindOf } from '../../core/input.js';
import type { SnapshotSample } from '../../core/manifest.js';
import { type Task, valueOf } from '../../core/task.js';
import { TEXT_FEATURES_VERSION } from '../../core/text-features.js';
import { Base } from './base.js';
import { TrainingFailed } from './errors.js';
import { textInputsModule } from './featuriser-module.js';
import { IMAGE_INPUT } from './image-input.js';
import { countLabels, type ForeignBackend, jsonFile, sealFiles } from './model-files.js';
import { sparseTextInputs, TEXT_INPUTS } from './text-inputs.js';
import type { ModelFiles, TrainedModel, TrainingOptions } from './types.js';

/*
 * What a program of somebody else hands back, wherever it ran; docs/trainers.md is the contract. It is looked at as
 * hostile input, like a base that somebody brings.
 */

const MOST_BYTES = 256 * 2 ** 20;

const About = z.object({
  /** For images alone: vectors need no telling. */
  input: z.object(IMAGE_INPUT).optional(),
  metrics: z.object({ finalLoss: z.number().optional(), epochs: z.number().optional() }).default({}),
});
const OfLabels = About.extend({ labels: z.array(z.string().min(1).max(200)).min(2).max(10_000) });
const OfValues = About.extend({
  /** How far off answers are in this share of cases, as the program has measured it. */
  interval: z.object({ halfWidth: z.number().min(0), level: z.number().gt(0).lt(1) }).optional(),
});
type Report = z.infer<typeof About> & Partial<z.infer<typeof OfLabels> & z.infer<typeof OfValues>>;

/** `featuriser.json` of a model that another program made: what the whole LayersModel reads. */
export interface ForeignFeaturiser {
  readonly kind: 'foreign';
  readonly input: ForeignInput;
}

/** What the program is given of each sample, one JSON line each: all of them may be longer than a text can be. */
export function* exportedSamples(samples: readonly SnapshotSample[], task: Task | undefined): Generator<string> {
  for (const sample of samples) yield `${JSON.stringify(exported(sample, task))}\n`;
}

const exported = (
  { sampleId, label, input, occurredAt, isTrusted, rater }: SnapshotSample,
  task: Task | undefined,
) => ({
  ...{ id: sampleId, ...(task === 'regression' ? { value: valueOf(label) } : { label }) },
  ...{ input, ...('text' in input && { features: sparseTextInputs(input.text) }), occurredAt, isTrusted, rater },
});

/** What the program is told besides where things are. */
export const toldOf = ({ seed, settings }: Pick<TrainingOptions, 'seed' | 'settings'>): Record<string, string> => ({
  FLYWHEEL_SEED: String(seed),
  FLYWHEEL_TASK: settings.task ?? 'classification',
});

interface ForeignRun {
  readonly samples: readonly SnapshotSample[];
  readonly backend: ForeignBackend;
  readonly options: Pick<TrainingOptions, 'seed' | 'settings'>;
  /** As `performance.now()` gave it. */
  readonly startedAt: number;
}

/** The model in the files that a program left: `report.json`, `model.json` and weights. */
export async function foreignModel(
  left: ReadonlyMap<string, Buffer>,
  { samples, backend, options: { seed, settings }, startedAt }: ForeignRun,
): Promise<TrainedModel> {
  const isOfValues = settings.task === 'regression';
  const { files, report, kind } = await readModel(left, samples[0]!, isOfValues ? OfValues : OfLabels);
  const { labels = [], interval: width, metrics } = report;
  const counts = isOfValues ? {} : Object.fromEntries(countLabels(samples));
  const ofTask = isOfValues ? { task: 'regression' as const, ...(width && { width }) } : {};
  const seconds = (performance.now() - startedAt) / 1000;
  const told = { finalLoss: metrics.finalLoss ?? 0, epochs: metrics.epochs ?? 0 };
  return {
    kind,
    labels,
    files: sealFiles(files, { kind, labels, seed, backend, counts, ...ofTask }),
    backend,
    metrics: { trainSamples: samples.length, seconds, ...told },
  };
}

/** The files, once they are what they say: a LayersModel that gives one probability a label, or one value. */
async function readModel(left: ReadonlyMap<string, Buffer>, { input }: SnapshotSample, schema: z.ZodType<Report>) {
  const { report, model, weights } = partsOf(left, schema);
  const [fault] = faultsOfBase(model, new Map([...weights].map(([name, body]) => [name, body.length])));
  if (fault) throw new TrainingFailed(`the model of the command is wrong: ${fault.pointer} ${fault.detail}`);
  if (formatOf(model) !== 'layers-model') throw new TrainingFailed('the model of the command is a graph');
  const reads = readsOf(input, report.input);
  const files = new Map([
    ...weights,
    ['model.json', jsonFile(model)],
    ['featuriser.json', jsonFile({ kind: 'foreign', input: reads } satisfies ForeignFeaturiser)],
  ]);
  if (reads.kind === 'text') files.set('featuriser.js', textInputsModule());
  await requireAnswers(files, reads, report.labels);
  return { files, report, kind: reads.kind };
}

function partsOf(left: ReadonlyMap<string, Buffer>, schema: z.ZodType<Report>) {
  requireSize([...left.values()].reduce((sum, { length }) => sum + length, 0));
  const weights = new Map(left);
  const taken = (name: string): unknown => {
    const text = weights.get(name)?.toString('utf8') ?? '';
    weights.delete(name);
    return parsedOr(text, undefined);
  };
  const report = schema.safeParse(taken('report.json'));
  if (!report.success) throw new TrainingFailed(`report.json of the trainer is wrong: ${report.error.message}`);
  return { report: report.data, model: taken('model.json'), weights };
}

/** Throws when a model is larger than any may be. */
export function requireSize(bytes: number): void {
  if (bytes > MOST_BYTES) throw new TrainingFailed(`the trainer left ${bytes} bytes, ${MOST_BYTES} are allowed`);
}

const ProgressLine = z.object({ progress: z.number().min(0).max(1), note: z.string().max(200).default('training') });

/** A line of the program's standard output, if it speaks of progress. */
export function progressIn(line: string): { progress: number; note: string } | undefined {
  return ProgressLine.safeParse(parsedOr(line, undefined)).data;
}

function parsedOr(text: string, otherwise: undefined): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return otherwise;
  }
}

async function requireAnswers(files: ModelFiles, input: ForeignInput, labels?: readonly string[]): Promise<void> {
  const whole = await Base.open(files, { format: 'layers-model', input, outputLayer: null, isWhole: true });
  const answers = whole.features;
  whole.dispose();
  if (!labels && answers !== 1)
    throw new TrainingFailed(`the model answers with ${answers} numbers, and a value is one`);
  if (labels && (answers !== labels.length || new Set(labels).size !== labels.length))
    throw new TrainingFailed(`the model answers with ${answers} numbers, and there are ${labels.length} labels`);
}

function readsOf(input: SnapshotSample['input'], told: BaseInput | undefined): ForeignInput {
  if ('vector' in input) return { kind: 'vector', size: input.vector.length };
  if ('text' in input) return { kind: 'text', size: TEXT_INPUTS, version: TEXT_FEATURES_VERSION };
  if (told && kindOf(input) === 'image') return told;
  throw new TrainingFailed('the report says nothing of how its model reads images');
}
