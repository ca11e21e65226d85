import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { initializers, layers, sequential } from '@tensorflow/tfjs-layers';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { BaseSpec } from '../../src/core/base-model.js';
import type { SnapshotSample } from '../../src/core/manifest.js';
import { type S3Server, startS3Server } from '../../src/platform/embedded/s3/server.js';
import { ActivationCache } from '../../src/platform/model-runtime/activation-cache.js';
import { openBackend } from '../../src/platform/model-runtime/backend.js';
import { Base } from '../../src/platform/model-runtime/base.js';
import { TrainingCancelled } from '../../src/platform/model-runtime/errors.js';
import { savedFiles } from '../../src/platform/model-runtime/joined-model.js';
import { activationsOf, type OwnBase } from '../../src/platform/model-runtime/own-base.js';
import { TrainingPace } from '../../src/platform/model-runtime/training-pace.js';
import type { ModelFiles, TrainingOptions } from '../../src/platform/model-runtime/types.js';
import { ObjectStore } from '../../src/platform/object-store/object-store.js';

const credentials = { accessKeyId: 'flywheel', secretAccessKey: 'a secret of the test' };
const WIDTH = 6;
const spec: BaseSpec = {
  format: 'layers-model',
  input: { kind: 'vector', size: WIDTH },
  outputLayer: null,
  trainableFrom: null,
};

/** Another input each; the one at 11 is of another width than the base reads. */
const samples = Array.from({ length: 400 }, (_, i): SnapshotSample => {
  const vector = Array.from({ length: i === 11 ? 2 : WIDTH }, (__, k) => Math.sin(i * WIDTH + k));
  const about = { sampleId: `s${i}`, label: 'a', split: 'train', groupHash: '', revision: '1' } as const;
  return { ...about, contentHash: `c${i}`, input: { vector } };
});

let root: string;
let server: S3Server;
let store: ObjectStore;
let files: ModelFiles;
let base: Base;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'flywheel-base-'));
  server = await startS3Server({ root, credentials, report: () => undefined });
  store = new ObjectStore({ endpoint: server.endpoint, region: 'us-east-1', bucket: 'base', ...credentials });
  await store.ensureBucket();
  await openBackend('wasm');
  const kernelInitializer = initializers.heNormal({ seed: 1 });
  const net = sequential({
    layers: [layers.dense({ inputShape: [WIDTH], units: 5, activation: 'tanh', kernelInitializer })],
  });
  files = await savedFiles(net);
  base = await Base.open(files, spec, 'wasm');
});
afterAll(async () => {
  await server.close();
  await rm(root, { recursive: true, force: true });
});
afterEach(() => vi.restoreAllMocks());

/** A minute goes by whenever somebody looks: all work is long, and what is due is due at once. */
function slowClock(): void {
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => (now += 60_000));
}

const own = (over: Partial<OwnBase> = {}): OwnBase => {
  const inputs = { kind: 'base', of: 'vector', spec, prefix: '', hash: 'hash', size: base.features } as const;
  return { base, inputs, ...over };
};
const read = (from: OwnBase, over: Partial<Pick<TrainingOptions, 'onProgress' | 'signal'>> = {}) => {
  const { onProgress = () => undefined, signal = new AbortController().signal } = over;
  return activationsOf(samples, from, new TrainingPace(signal), onProgress);
};

describe('activations of a base of a project', () => {
  it('are the same bits on threads, which work that takes long is given to', async () => {
    const alone = await read(own());
    expect(alone.flatMap((found, i) => (found ? [] : [i]))).toEqual([11]);
    slowClock();
    const here = vi.spyOn(base, 'activationsOf');
    expect(await read(own({ files }))).toEqual(alone);
    expect(here).toHaveBeenCalledTimes(1);
  });

  it('are computed here where a thread fails', async () => {
    const alone = await read(own());
    slowClock();
    expect(await read(own({ files: new Map() }))).toEqual(alone);
  });

  it('are kept while a run goes on, so that the next one computes what is left of one that ended', async () => {
    slowClock();
    const ended = new AbortController();
    let parts = 0;
    const onProgress = (): void => {
      parts += 1;
      if (parts === 6) ended.abort();
    };
    const cache = await ActivationCache.open(store, 'ended/');
    await expect(read(own({ cache }), { onProgress, signal: ended.signal })).rejects.toThrow(TrainingCancelled);
    const left = await ActivationCache.open(store, 'ended/');
    const known = samples.filter(({ contentHash }) => left.get(contentHash));
    expect(known.length).toBeGreaterThanOrEqual(32);
    expect(known.length).toBeLessThan(samples.length - 32);

    const here = vi.spyOn(base, 'activationsOf');
    const said: string[] = [];
    await read(own({ cache: left }), { onProgress: (_, note) => void said.push(note) });
    const fresh = samples.length - known.length;
    expect(said.at(-1)).toBe(`activations of ${fresh} of ${fresh} new inputs`);
    expect(here.mock.calls.flatMap(([rows]) => rows)).toHaveLength(fresh - 1);
  });

  it('are put together when they lie in many segments, and none is lost', async () => {
    for (let i = 0; i < 18; i += 1) {
      const cache = await ActivationCache.open(store, 'many/');
      cache.add(`h${i}`, Float32Array.of(i, -i));
      await cache.save();
      await cache.save();
    }
    expect(await store.list('many/')).toHaveLength(2);
    const all = await ActivationCache.open(store, 'many/');
    for (let i = 0; i < 18; i += 1) expect(all.get(`h${i}`)).toEqual(Float32Array.of(i, -i));
  });
});
