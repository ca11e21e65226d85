import { initializers, layers, sequential } from '@tensorflow/tfjs-layers';
import { Tinypool } from 'tinypool';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { BaseSpec } from '../../core/base-model.js';
import { openBackend } from './backend.js';
import { Base } from './base.js';
import { InputMismatch } from './errors.js';
import { savedFiles } from './joined-model.js';
import { ServedBase } from './served-base.js';
import type { ModelFiles } from './types.js';

const spec: BaseSpec = {
  format: 'layers-model',
  input: { kind: 'vector', size: 3 },
  outputLayer: null,
  trainableFrom: null,
};
const inputs = Array.from({ length: 20 }, (_, i) => ({ vector: [i, -i, 1 / (i + 1)] }));

/** A dense layer of weights that the seed tells. */
async function aNetwork(seed: number): Promise<ModelFiles> {
  const kernelInitializer = initializers.heNormal({ seed });
  return savedFiles(
    sequential({ layers: [layers.dense({ inputShape: [3], units: 4, activation: 'tanh', kernelInitializer })] }),
  );
}

const computedHere = async (files: ModelFiles): Promise<Float32Array[]> => {
  const base = await Base.open(files, spec, 'wasm');
  return base.activationsOf(await base.numbers(inputs));
};

describe('a base that is served', () => {
  let files: ModelFiles;

  beforeAll(async () => {
    await openBackend('wasm');
    files = await aNetwork(1);
  });
  afterEach(() => vi.restoreAllMocks());

  it('says on its thread what it says here, whatever else is open there', async () => {
    const others = await aNetwork(2);
    const [served, other] = await Promise.all([ServedBase.open(files, spec), ServedBase.open(others, spec)]);
    const asked = [served, other, served].map((base) => base.activations(inputs));
    const [first, second, again] = await Promise.all(asked);
    expect(first).toEqual(await computedHere(files));
    expect(second).toEqual(await computedHere(others));
    expect(again).toEqual(first);
    served.dispose();
    expect(await other.activations(inputs)).toEqual(second);
    other.dispose();
  });

  it('is opened again when its thread is lost', async () => {
    const served = await ServedBase.open(files, spec);
    vi.spyOn(Tinypool.prototype, 'run').mockRejectedValueOnce(new Error('the thread ran out of memory'));
    await expect(served.activations(inputs)).rejects.toThrow('out of memory');
    expect(await served.activations(inputs)).toEqual(await computedHere(files));
    served.dispose();
  });

  it('refuses files that make no model, and inputs that it does not read, without harm to others', async () => {
    const served = await ServedBase.open(files, spec);
    const wide: BaseSpec = { ...spec, input: { kind: 'vector', size: 4 } };
    await expect(ServedBase.open(files, wide)).rejects.toThrow('the base reads inputs of 3, not of 4');
    await expect(served.activations([inputs[0]!, { vector: [1] }])).rejects.toThrow(InputMismatch);
    expect(await served.activations(inputs)).toEqual(await computedHere(files));
    served.dispose();
  });
});
