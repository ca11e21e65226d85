import { kindOf } from '../../src/core/input.js';
import { NO_CHANGES } from '../../src/core/label-changes.js';
import type { Task } from '../../src/core/task.js';
import { sampleWeights } from '../../src/core/sample-weight.js';
import { Base } from '../../src/platform/model-runtime/base.js';
import { imagePixels } from '../../src/platform/model-runtime/image-pixels.js';
import { loadModel } from '../../src/platform/model-runtime/load-model.js';
import { sealFiles } from '../../src/platform/model-runtime/model-files.js';
import { readSamples } from '../../src/platform/model-runtime/read-samples.js';
import { labelGoal } from '../../src/platform/model-runtime/goal.js';
import { learnerOf, trainModel } from '../../src/platform/model-runtime/train-model.js';
import { TrainingPace } from '../../src/platform/model-runtime/training-pace.js';
import type { Answer, ModelFiles, ModelKind, TrainedModel } from '../../src/platform/model-runtime/types.js';
import { asSamples, type Labelled } from './data.js';

interface LearnOptions {
  readonly parent?: ModelFiles | undefined;
  readonly outOfScope?: string | null;
  readonly task?: Task;
}

/** What a training run of the service makes of these samples. */
export const learn = (
  items: readonly Labelled[],
  seed: number,
  { parent, outOfScope = null, task = 'classification' }: LearnOptions = {},
): Promise<TrainedModel> =>
  trainModel(asSamples(items), {
    seed,
    settings: { halfLifeDays: null, labels: { ...NO_CHANGES, outOfScope }, task },
    ...(parent ? { parent } : {}),
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
  const learner = await learnerOf(await readSamples(asSamples(items), pace), labelGoal(items, labels), pace);
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

/** A model trained elsewhere as a base, cut before its answers, as POST /v1/models takes it. */
export async function accuracyOnBase(
  { files, outputLayer = null }: { readonly files: ModelFiles; readonly outputLayer?: string | null },
  items: readonly Labelled[],
  test: readonly Labelled[],
  seed: number,
) {
  const input = { kind: 'image', width: 28, height: 28, channels: 1, pixels: 'zero-to-one' } as const;
  const base = await Base.open(files, { format: 'layers-model', input, outputLayer });
  const activated = async (all: readonly Labelled[]): Promise<Labelled[]> =>
    (await base.activations(all.map((item) => item.input))).map((row, i) => ({
      input: { vector: [...row] },
      label: all[i]!.label,
    }));
  return accuracy(await learnNaively(await activated(items), seed), await activated(test));
}
