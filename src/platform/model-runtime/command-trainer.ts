import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { type BaseInput, faultsOfBase, formatOf } from '../../core/base-model.js';
import { kindOf } from '../../core/input.js';
import type { SnapshotSample } from '../../core/manifest.js';
import { Base } from './base.js';
import { TrainingCancelled, TrainingFailed, TrainingRefused } from './errors.js';
import { IMAGE_INPUT } from './image-input.js';
import { countLabels, jsonFile, sealFiles } from './model-files.js';
import type { ModelFiles, TrainedModel, TrainingOptions } from './types.js';

/*
 * A run that is executed by somebody else's program; docs/trainers.md is its contract. What the program hands back is
 * looked at as hostile input, like a base that somebody brings.
 */

/** Exit code that says: these samples cannot be trained on, do not try again. */
const REFUSED = 3;
const KEPT_OF_STDERR = 2_000;
const MOST_BYTES = 256 * 2 ** 20;

const Line = z.object({ progress: z.number().min(0).max(1), note: z.string().max(200).default('training') });

const Report = z.object({
  labels: z.array(z.string().min(1).max(200)).min(2).max(10_000),
  /** For images alone: vectors need no telling. */
  input: z.object(IMAGE_INPUT).optional(),
  metrics: z.object({ finalLoss: z.number().optional(), epochs: z.number().optional() }).default({}),
});

/** `featuriser.json` of a model that another program made: what the whole LayersModel reads. */
export interface ForeignFeaturiser {
  readonly kind: 'foreign';
  readonly input: BaseInput;
}

/** Rejects as the trainer does: `TrainingRefused`, `TrainingCancelled` or `TrainingFailed`. */
export async function trainByCommand(
  samples: readonly SnapshotSample[],
  command: string,
  options: TrainingOptions,
): Promise<TrainedModel> {
  const startedAt = performance.now();
  const folder = await mkdtemp(join(tmpdir(), 'flywheel-run-'));
  try {
    const [snapshot, output] = [join(folder, 'snapshot.ndjson'), join(folder, 'model')];
    await mkdir(output);
    await writeFile(snapshot, samples.map((sample) => `${JSON.stringify(exported(sample))}\n`).join(''));
    await run(command, { folder, snapshot, output, options });
    const { files, labels, metrics, kind } = await readModel(output, samples[0]!);
    const counts = Object.fromEntries(countLabels(samples));
    const sealed = sealFiles(files, { kind, labels, seed: options.seed, backend: 'command', counts });
    const seconds = (performance.now() - startedAt) / 1000;
    const told = { finalLoss: metrics.finalLoss ?? 0, epochs: metrics.epochs ?? 0 };
    return {
      kind,
      labels,
      files: sealed,
      backend: 'command',
      metrics: { trainSamples: samples.length, seconds, ...told },
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const exported = ({ sampleId, label, input, occurredAt, isTrusted, rater }: SnapshotSample) => ({
  ...{ id: sampleId, label, input, occurredAt, isTrusted, rater },
});

interface Places {
  readonly folder: string;
  readonly snapshot: string;
  readonly output: string;
  readonly options: TrainingOptions;
}

/** Runs the command to its end. It ends with this process, and a second after a cancellation at the latest. */
function run(command: string, { folder, snapshot, output, options }: Places): Promise<void> {
  const { signal, onProgress, seed } = options;
  const child = spawn('/bin/sh', ['-c', `exec ${command}`], {
    cwd: folder,
    env: {
      PATH: '/usr/local/bin:/usr/bin:/bin',
      FLYWHEEL_SNAPSHOT_URI: pathToFileURL(snapshot).href,
      FLYWHEEL_MODEL_URI: `${pathToFileURL(output).href}/`,
      FLYWHEEL_SEED: String(seed),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const kill = (): void => void child.kill('SIGKILL');
  const cancel = (): void => {
    child.kill('SIGTERM');
    setTimeout(kill, 500).unref();
  };
  process.once('exit', kill);
  signal.addEventListener('abort', cancel, { once: true });
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = Line.safeParse(parsed(text));
    if (line.success) onProgress(line.data.progress, line.data.note);
  });
  let complaint = '';
  child.stderr
    .setEncoding('utf8')
    .on('data', (text: string) => (complaint = (complaint + text).slice(-KEPT_OF_STDERR)));
  return new Promise<void>((resolve, reject) => {
    child.once('error', (error) => reject(new TrainingFailed(`the command did not start: ${error.message}`)));
    child.once('close', (code, killed) => {
      process.off('exit', kill);
      signal.removeEventListener('abort', cancel);
      const reason = complaint.trim() || `the command ended by ${killed ?? `exit code ${code}`}`;
      if (signal.aborted) reject(new TrainingCancelled());
      else if (code === 0) resolve();
      else reject(code === REFUSED ? new TrainingRefused(reason) : new TrainingFailed(reason));
    });
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The files it left, once they are what they say: a LayersModel that gives one probability a label. */
async function readModel(output: string, { input }: SnapshotSample) {
  const { report, model, weights } = await readOutput(output);
  const [fault] = faultsOfBase(model, new Map([...weights].map(([name, body]) => [name, body.length])));
  if (fault) throw new TrainingFailed(`the model of the command is wrong: ${fault.pointer} ${fault.detail}`);
  if (formatOf(model) !== 'layers-model') throw new TrainingFailed('the model of the command is a graph');
  const reads = readsOf(input, report.input);
  const files = new Map([
    ...weights,
    ['model.json', jsonFile(model)],
    ['featuriser.json', jsonFile({ kind: 'foreign', input: reads } satisfies ForeignFeaturiser)],
  ]);
  await requireAnswers(files, reads, report.labels);
  return { files, labels: report.labels, metrics: report.metrics, kind: reads.kind };
}

async function readOutput(output: string) {
  const entries = await readdir(output, { withFileTypes: true });
  const weights = new Map<string, Buffer>();
  for (const entry of entries) if (entry.isFile()) weights.set(entry.name, await readFile(join(output, entry.name)));
  const bytes = [...weights.values()].reduce((sum, { length }) => sum + length, 0);
  if (bytes > MOST_BYTES) throw new TrainingFailed(`the command left ${bytes} bytes, ${MOST_BYTES} are allowed`);
  const taken = (name: string): unknown => {
    const text = weights.get(name)?.toString('utf8') ?? '';
    weights.delete(name);
    return parsed(text);
  };
  const report = Report.safeParse(taken('report.json'));
  if (!report.success) throw new TrainingFailed(`report.json of the command is wrong: ${report.error.message}`);
  return { report: report.data, model: taken('model.json'), weights };
}

async function requireAnswers(files: ModelFiles, input: BaseInput, labels: readonly string[]): Promise<void> {
  const whole = await Base.open(files, { format: 'layers-model', input, outputLayer: null, isWhole: true });
  const answers = whole.features;
  whole.dispose();
  if (answers !== labels.length || new Set(labels).size !== labels.length)
    throw new TrainingFailed(`the model answers with ${answers} numbers, and there are ${labels.length} labels`);
}

function readsOf(input: SnapshotSample['input'], told: BaseInput | undefined): BaseInput {
  if ('vector' in input) return { kind: 'vector', size: input.vector.length };
  if (told && kindOf(input) === 'image') return told;
  throw new TrainingFailed('a model of another program reads vectors, or images when its report says how');
}
