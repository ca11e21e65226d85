import { readdirSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeManifest, type ManifestLine } from '../../src/core/manifest.js';
import {
  ModelRuntime,
  TrainingCancelled,
  TrainingFailed,
  type TrainingJob,
} from '../../src/platform/model-runtime/model-runtime.js';
import { ObjectStore } from '../../src/platform/object-store/object-store.js';
import { IS_LONG } from '../support/fault-traffic.js';
import { startTestFlywheel, type TestFlywheel } from '../support/flywheel.js';
import { ownChildren } from '../support/process.js';

const RUNS = IS_LONG ? 1_000 : 30;
/** Runs before the first measurement: what is made once is made by then. */
const WARM = 10;
/** Growth of this process beyond which it is no noise: 1,000 runs that leak 100 kB each would be 100 MB. */
const NOISE_MB = 40;

/** Few for runs that end by themselves, many for those that are cancelled on their way. */
const lines = (count: number): ManifestLine[] =>
  Array.from({ length: count }, (_, i) => ({
    sampleId: `s${i}`,
    label: i % 2 === 0 ? 'even' : 'odd',
    split: 'train',
    groupHash: `g${i}`,
    contentHash: '',
    revision: '1',
    input: { vector: [i % 2, i % 7, i % 3] },
  }));

const openFiles = (): number => readdirSync('/proc/self/fd').length;

function rssMegabytes(): number {
  globalThis.gc?.();
  return process.memoryUsage().rss / 2 ** 20;
}

describe(`${RUNS} training runs in a row`, () => {
  const runtime = new ModelRuntime();
  let flywheel: TestFlywheel;
  let store: ObjectStore;

  beforeAll(async () => {
    flywheel = await startTestFlywheel();
    store = flywheel.app.get(ObjectStore);
    await store.put('many/snapshot', gzipSync(encodeManifest(lines(40))));
    await store.put('many/long', gzipSync(encodeManifest(lines(20_000))));
  });
  afterAll(() => flywheel.close());

  const job = (run: number): TrainingJob => ({
    store: store.config,
    manifestKey: 'many/snapshot',
    outputPrefix: `models/many/${run}/`,
    seed: run,
    backend: 'auto',
    settings: { halfLifeDays: null },
    provenance: { snapshotSha256: '', parentVersion: null, codeVersion: '' },
  });

  /** One of ten is cancelled, one of ten fails; the others make a model, which answers and is let go. */
  async function oneRun(run: number): Promise<void> {
    const cancelled = new AbortController();
    const hooks = { onProgress: () => undefined, signal: cancelled.signal };
    if (run % 10 === 3) {
      const running = runtime.train({ ...job(run), manifestKey: 'many/long' }, hooks);
      setTimeout(() => cancelled.abort(), 300);
      await expect(running).rejects.toThrow(TrainingCancelled);
    } else if (run % 10 === 7) {
      await expect(runtime.train({ ...job(run), manifestKey: 'nothing' }, hooks)).rejects.toThrow(TrainingFailed);
    } else {
      const { prefix } = await runtime.train(job(run), hooks);
      const model = await runtime.load(store, prefix);
      await model.predict([{ vector: [1, 1, 1] }]);
      model.dispose();
    }
  }

  it(
    'leave no process, no open file, no half model and no memory behind',
    async () => {
      for (let run = 0; run < WARM; run += 1) await oneRun(run);
      const before = { rss: rssMegabytes(), files: openFiles(), children: ownChildren() };
      for (let run = WARM; run < RUNS; run += 1) await oneRun(run);
      expect(ownChildren()).toBe(before.children);
      expect(openFiles()).toBeLessThanOrEqual(before.files + 2);
      expect(rssMegabytes() - before.rss).toBeLessThan(NOISE_MB);
      const keys = await store.list('models/many/');
      const complete = keys.filter((key) => key.endsWith('/manifest.json')).length;
      expect(complete).toBe((RUNS / 10) * 8);
      expect(new Set(keys.map((key) => key.split('/')[2])).size).toBe(complete);
    },
    IS_LONG ? 3_600_000 : 300_000,
  );
});
