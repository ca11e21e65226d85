import { describe, expect, it } from 'vitest';
import { faultsOfBase } from './base-model.js';

const aLayer = (class_name: string) => ({ class_name, config: { name: class_name } });
const aModel = (over: object = {}, layers: object[] = [aLayer('InputLayer'), aLayer('Dense')]) => ({
  modelTopology: { class_name: 'Model', config: { layers } },
  weightsManifest: [{ paths: ['a.bin'], weights: [{ name: 'w', shape: [2, 3], dtype: 'float32' }] }],
  ...over,
});
const files = new Map([['a.bin', 24]]);
const group = (over: object) => ({
  weightsManifest: [{ paths: ['a.bin'], weights: [{ name: 'w', shape: [2, 3], dtype: 'float32' }], ...over }],
});
const weight = (over: object) => group({ weights: [{ name: 'w', shape: [2, 3], dtype: 'float32', ...over }] });

describe('faultsOfBase', () => {
  it('finds none in a model of known layers with as many bytes as its shapes say', () => {
    expect(faultsOfBase(aModel(), files)).toEqual([]);
    expect(faultsOfBase(aModel({ modelTopology: { node: [{ op: 'Conv2D' }] } }), files)).toEqual([]);
  });

  it.each([
    ['no topology', { weightsManifest: [] }, '/model/modelTopology'],
    ['a layer that runs code', aModel({}, [aLayer('Lambda')]), '/model/modelTopology/config/layers/0'],
    ['a model in a model in a model', aModel({}, [nested(9)]), expect.stringContaining('/config/layers/0')],
    ['a layer where a model should be', aModel({ modelTopology: aLayer('Dense') }), '/model/modelTopology'],
    [
      'an operation that is not allowed',
      aModel({ modelTopology: { node: [{ op: 'ReadFile' }] } }),
      '/model/modelTopology/node/0/op',
    ],
    ['a way out of the folder', aModel(group({ paths: ['../../a.bin'] })), '/model/weightsManifest/0/paths/0'],
    ['a name of ours', aModel(group({ paths: ['model.json'] })), '/model/weightsManifest/0/paths/0'],
    ['a file that is not there', aModel(group({ paths: ['b.bin'] })), '/model/weightsManifest/0/paths/0'],
    ['a file named twice', aModel(group({ paths: ['a.bin', 'a.bin'] })), '/model/weightsManifest/0/paths/1'],
    ['more numbers than bytes', aModel(weight({ shape: [2, 4] })), '/model/weightsManifest/0'],
    ['a shape that overflows', aModel(weight({ shape: [2 ** 40, 2 ** 40] })), '/model/weightsManifest/0/weights/0'],
    ['a negative shape', aModel(weight({ shape: [-2, -3] })), '/model/weightsManifest/0/weights/0'],
    ['quantised weights', aModel(weight({ quantization: {} })), '/model/weightsManifest/0/weights/0'],
  ])('finds %s', (_, model, pointer) => {
    expect(faultsOfBase(model, files)[0]).toMatchObject({ pointer });
  });

  it('finds files that nothing names', () => {
    const more = new Map([...files, ['c.bin', 4] as const]);
    expect(faultsOfBase(aModel(), more)).toEqual([{ pointer: '/weights/c.bin', detail: 'no group names this file' }]);
  });

  it.each([null, 1, 'x', [], {}])('survives %j', (model) => {
    expect(faultsOfBase(model, files)).not.toEqual([]);
  });
});

function nested(depth: number): object {
  return { class_name: 'Sequential', config: { layers: [depth === 0 ? aLayer('Dense') : nested(depth - 1)] } };
}
