import { expect, it, vi } from 'vitest';
import type { Input } from '../../src/core/input.js';
import type { SnapshotSample } from '../../src/core/manifest.js';
import { NO_CHANGES } from '../../src/core/label-changes.js';
import { ContenderService } from '../../src/evaluate/contender.service.js';
import { loadModel } from '../../src/platform/model-runtime/load-model.js';
import { ModelRuntime } from '../../src/platform/model-runtime/model-runtime.js';
import { trainModel } from '../../src/platform/model-runtime/train-model.js';
import type { ObjectStore } from '../../src/platform/object-store/object-store.js';

const samples = Array.from({ length: 150 }, (_, i): SnapshotSample => {
  const label = i % 2 === 0 ? 'even' : 'odd';
  const facts = { split: 'train', groupHash: `g${i}`, contentHash: `c${i}`, revision: '1' } as const;
  return { sampleId: `s${i}`, label, input: { text: `${label} number ${i}` }, ...facts };
});

const textOf = (input: Input): string => ('text' in input ? input.text : '');

it('asks a model about each sample once, and gives its answers by the names labels have today', async () => {
  const options = { seed: 1, settings: { halfLifeDays: null }, onProgress: () => undefined };
  const { files } = await trainModel(samples, { ...options, signal: new AbortController().signal });
  const runtime = new ModelRuntime();
  const asked: string[] = [];
  const load = vi.spyOn(runtime, 'load').mockImplementation(async (_store, prefix) => {
    const model = await loadModel(files);
    const predict = model.predict.bind(model);
    return Object.assign(model, {
      predict: (inputs: readonly Input[]) => {
        asked.push(...inputs.map((input) => `${prefix} ${textOf(input)}`));
        return predict(inputs);
      },
    });
  });
  const contenders = new ContenderService(runtime, {} as ObjectStore);
  const first = { version: 1, prefix: 'models/1/', labels: NO_CHANGES };

  const said = await contenders.answers(first, samples.slice(0, 100));
  expect(said.answers).toEqual(samples.slice(0, 100).map(({ label }) => label));
  expect(said.milliseconds).toBeGreaterThan(0);
  expect(asked).toHaveLength(100);

  const reversed = samples.slice(40).reverse();
  const again = await contenders.answers(first, reversed);
  expect(again.answers).toEqual(reversed.map(({ label }) => label));
  expect(again.confidences.slice(-60)).toEqual(said.confidences.slice(40).reverse());
  expect(asked).toHaveLength(150);
  expect(new Set(asked).size).toBe(150);

  const renamed = { ...first, labels: { ...NO_CHANGES, renamed: { odd: 'uneven' } } };
  expect((await contenders.answers(renamed, samples.slice(0, 4))).answers).toEqual([
    'even',
    'uneven',
    'even',
    'uneven',
  ]);
  expect(load).toHaveBeenCalledTimes(2);

  await contenders.answers({ ...first, version: 2, prefix: 'models/2/' }, samples.slice(0, 10));
  expect(asked.slice(150)).toEqual(samples.slice(0, 10).map(({ input }) => `models/2/ ${textOf(input)}`));
});
