import { kindOf } from '../../src/core/input.js';
import { NO_CHANGES } from '../../src/core/label-changes.js';
import type { Task } from '../../src/core/task.js';
import { sampleWeights } from '../../src/core/sample-weight.js';
import { Base } from '../../src/platform/model-runtime/base.js';
import { imagePixels } from '../../src/platform/model-runtime/image-pixels.js';
import { loadModel } from '../../src/platform/model-runtime/load-model.js';
import { sealFiles } from '../../src/platform/model-runtime/model-files.js';
import { readSamples } from '../../src/platform/model-runtime/read-samples.js';
import { learnersOf } from '../../src/platform/model-runtime/learners.js';
import { labelGoal } from '../../src/platform/model-runtime/goal.js';
import { trainModel } from '../../src/platform/model-runtime/train-model.js';
import { TrainingPace } from '../../src/platform/model-runtime/training-pace.js';
import type { Answer, ModelFiles, ModelKind, TrainedModel } from '../../src/platform/model-runtime/types.js';
import { asSamples, type Labelled } from './data.js';

interface LearnOptions {
  readonly parent?: ModelFiles | undefined;
  /** What the parent was told, where the samples are its own in the same order and then new ones. */
  readonly kept?: TrainedModel['kept'];
  readonly outOfScope?: string | null;
  readonly task?: Task;
}

/** What a training run of the service makes of these samples. */
export const learn = (
  items: readonly Labelled[],
  seed: number,
  { parent, kept, outOfScope = null, task = 'classification' }: LearnOptions = {},
): Promise<TrainedModel> =>
  trainModel(asSamples(items), {
    ...optionsOf(seed),
    settings: { halfLifeDays: null, labels: { ...NO_CHANGES, outOfScope }, task },
    ...(parent ? { parent } : {}),
    ...(kept ? { kept } : {}),
  });

const optionsOf = (seed: number) => ({
  seed,
  settings: { halfLifeDays: null },
  onProgress: () => undefined,
  signal: new AbortController().signal,
});

export async function answers(files: ModelFiles, items: readonly Labelled[]): Promise<Answer[]> {
  const model = await loadModel(files);
  try {
    return await model.predict(items.map(({ input }) => input));
  } finally {
    model.dispose();
  }
}

export async function accuracy(files: ModelFiles, items: readonly Labelled[]): Promise<number> {
  const found = await answers(files, items);
  return found.filter(({ label }, i) => label === items[i]!.label).length / items.length;
}

/** The same head on the same features, with every label believed and no confidence corrected. */
export async function learnNaively(items: readonly Labelled[], seed: number): Promise<ModelFiles> {
  const pace = new TrainingPace(new AbortController().signal);
  const labels = [...new Set(items.map(({ label }) => label))].sort();
  const learners = await learnersOf(await readSamples(asSamples(items), pace), labelGoal(items, labels), pace);
  const learner = learners.at(-1)!;
  const fit = await learner.fit({
    members: Int32Array.from(items.keys()),
    importance: sampleWeights(items, { halfLifeDays: null }),
    seed,
    effort: 1,
    isWarm: false,
    onProgress: () => undefined,
  });
  const facts = { kind: 'vector', labels, seed, backend: '', counts: {} } as const;
  return sealFiles(fit.files(1), { ...facts, kind: kindOf(items[0]!.input) as ModelKind });
}

/** The pixels as they are: what there is without any base. */
export async function accuracyFromPixels(items: readonly Labelled[], test: readonly Labelled[], seed: number) {
  const shape = { width: 28, height: 28, channels: 1 } as const;
  const flat = (all: readonly Labelled[]): Promise<Labelled[]> =>
    Promise.all(
      all.map(async ({ input, label }) => ({ input: { vector: [...(await imagePixels(input, 0, shape))] }, label })),
    );
  return accuracy(await learnNaively(await flat(items), seed), await flat(test));
}

const IMAGE = { kind: 'image', width: 28, height: 28, channels: 1, pixels: 'zero-to-one' } as const;

interface Elsewhere {
  readonly files: ModelFiles;
  readonly outputLayer?: string | null;
  readonly trainableFrom?: string;
}

const openElsewhere = ({ files, outputLayer = null, trainableFrom }: Elsewhere) => {
  const spec = { format: 'layers-model', input: IMAGE, outputLayer, trainableFrom: trainableFrom ?? null } as const;
  return Base.open(files, spec).then((base) => ({ base, spec }));
};

/** A model trained elsewhere as a base, cut before its answers, as POST /v1/models takes it. */
export async function accuracyOnBase(
  elsewhere: Elsewhere,
  items: readonly Labelled[],
  test: readonly Labelled[],
  seed: number,
) {
  const { base } = await openElsewhere(elsewhere);
  const activated = async (all: readonly Labelled[]): Promise<Labelled[]> =>
    (await base.activationsOf(await base.numbers(all.map((item) => item.input)))).map((row, i) => ({
      input: { vector: [...row] },
      label: all[i]!.label,
    }));
  return accuracy(await learnNaively(await activated(items), seed), await activated(test));
}

/** The same base trained on from a layer; where that was no better on what a run keeps back, it is as good as frozen. */
export async function accuracyThawed(
  elsewhere: Elsewhere,
  items: readonly Labelled[],
  test: readonly Labelled[],
  seed: number,
) {
  const { base, spec } = await openElsewhere(elsewhere);
  const inputs = { kind: 'base', of: 'image', spec, prefix: '', hash: '', size: base.features } as const;
  const { files, metrics } = await trainModel(asSamples(items), optionsOf(seed), { base, inputs });
  return metrics.thawing?.thawed ? accuracy(files, test) : accuracyOnBase(elsewhere, items, test, seed);
}
