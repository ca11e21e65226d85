import { describe, expect, it } from 'vitest';
import { foreignModel } from './foreign-output.js';
import { loadModel } from './load-model.js';
import { jsonFile } from './model-files.js';

/** Files of a linear layer of two inputs, as a program leaves them. */
function left(units: number, report: object): Map<string, Buffer> {
  const config = { name: 'd', units, activation: 'linear', batch_input_shape: [null, 2] };
  const weights = [
    { name: 'd/kernel', shape: [2, units], dtype: 'float32' },
    { name: 'd/bias', shape: [units], dtype: 'float32' },
  ];
  const model = {
    modelTopology: { class_name: 'Sequential', config: { name: 's', layers: [{ class_name: 'Dense', config }] } },
    weightsManifest: [{ paths: ['weights.bin'], weights }],
  };
  const values = Float32Array.from({ length: 3 * units }, (_, i) => i + 1);
  return new Map([
    ['model.json', jsonFile(model)],
    ['report.json', jsonFile(report)],
    ['weights.bin', Buffer.from(values.buffer)],
  ]);
}

const run = {
  samples: [
    { sampleId: 's', label: '4.5', split: 'train' as const, groupHash: '', contentHash: '', revision: '1' },
  ].map((line) => ({ ...line, input: { vector: [1, 2] } })),
  backend: 'command' as const,
  options: { seed: 1, settings: { halfLifeDays: null, task: 'regression' as const } },
  startedAt: 0,
};

describe('values that another program has learnt', () => {
  it('are answered with the interval that it has measured', async () => {
    const { files, labels } = await foreignModel(left(1, { interval: { halfWidth: 2, level: 0.9 } }), run);
    expect(labels).toEqual([]);
    const model = await loadModel(files);
    // 1 * 10 + 2 * 100 + 3.
    expect(await model.predict([{ vector: [10, 100] }])).toMatchObject([
      { value: 213, confidence: 0.9, interval: { low: 211, high: 215, level: 0.9 } },
    ]);
  });

  it('have no interval where it has measured none', async () => {
    const { files } = await foreignModel(left(1, {}), run);
    const [answer] = await (await loadModel(files)).predict([{ vector: [0, 0] }]);
    expect(answer).toEqual({ label: '3', value: 3, scores: {}, confidence: 0 });
  });

  it('are one number', async () => {
    await expect(foreignModel(left(2, {}), run)).rejects.toThrow(
      'the model answers with 2 numbers, and a value is one',
    );
  });
});
