import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { PredictionIntake } from '../../src/jobs.js';
import type { ModelRuntime } from '../../src/platform/model-runtime/model-runtime.js';
import type { ObjectStore } from '../../src/platform/object-store/object-store.js';
import { ServeService } from '../../src/serve/serve.service.js';
import type { ServeStore } from '../../src/serve/serve.store.js';
import type { StandInService } from '../../src/serve/stand-in.service.js';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** Champions of 400 MiB each; what was loaded, and what was let go. */
function aService() {
  const [loaded, disposed]: [string[], string[]] = [[], []];
  const versions = new Map<string, number>();
  const store = {
    champion: async (projectId: string) => {
      const version = versions.get(projectId) ?? 1;
      return { version, prefix: `${projectId} ${version}`, bytes: 400 * 2 ** 20 };
    },
  };
  const runtime = {
    load: async (_store: ObjectStore, prefix: string) => {
      loaded.push(prefix);
      const predict = async () => [{ label: prefix, confidence: 1, scores: { [prefix]: 1 } }];
      return { kind: 'text', labels: [prefix], predict, dispose: () => void disposed.push(prefix) };
    },
  };
  const intake = { accept: async () => [{ status: 'accepted', id: 'p' }] };
  const service = new ServeService(
    store as unknown as ServeStore,
    runtime as unknown as ModelRuntime,
    {} as ObjectStore,
    intake as unknown as PredictionIntake,
    {
      insteadOf: async (_project: string, _given: unknown, capture: () => Promise<string[]>) => ({
        ids: await capture(),
        said: new Map(),
      }),
    } as unknown as StandInService,
  );
  const ask = async (projectId: string) => (await service.predict(projectId, [{ text: '' }])).results[0]!;
  return { ask, loaded, disposed, versions };
}

it('keeps champions in memory, those of projects that ask, as long as there is room', async () => {
  const { ask, loaded, disposed } = aService();
  await Promise.all([ask('a'), ask('a')]);
  await ask('b');
  await ask('a');
  expect(new Set(loaded)).toEqual(new Set(['a 1', 'b 1']));
  await ask('c');
  await vi.advanceTimersByTimeAsync(29_000);
  expect(disposed).not.toContain('b 1');
  await vi.advanceTimersByTimeAsync(2_000);
  expect(disposed).toContain('b 1');
  const before = loaded.length;
  expect(await ask('a')).toMatchObject({ label: 'a 1' });
  expect(loaded).toHaveLength(before);
  expect(await ask('b')).toMatchObject({ label: 'b 1' });
  expect(loaded).toHaveLength(before + 1);
});

it('lets go of the champion that was replaced when its last answers are given', async () => {
  const { ask, disposed, versions } = aService();
  await ask('a');
  versions.set('a', 2);
  await vi.advanceTimersByTimeAsync(2_000);
  await ask('a');
  await vi.advanceTimersByTimeAsync(2_000);
  expect(await ask('a')).toMatchObject({ label: 'a 2', modelVersion: 2 });
  expect(disposed).toEqual([]);
  await vi.advanceTimersByTimeAsync(31_000);
  expect(disposed).toEqual(['a 1']);
});
