import { loadModel } from '../../src/platform/model-runtime/load-model.js';
import { trainModel } from '../../src/platform/model-runtime/train-model.js';
import type { Answer, ModelFiles, TrainedModel } from '../../src/platform/model-runtime/types.js';
import { asSamples, type Labelled } from './data.js';

/** What a training run of the service makes of these samples. */
export const learn = (items: readonly Labelled[], seed: number, parent?: ModelFiles): Promise<TrainedModel> =>
  trainModel(asSamples(items), {
    seed,
    backend: 'auto',
    settings: { halfLifeDays: null },
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
