import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LoadedModels } from './loaded-models.js';
import type { ServedModel } from './types.js';

describe('models in memory', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  const models = new LoadedModels();
  /** How often each was loaded and disposed of. */
  const counts = { loaded: [] as string[], disposed: [] as string[] };
  const hold = (prefix: string): Promise<ServedModel> =>
    models.hold(prefix, async () => {
      counts.loaded.push(prefix);
      const predict = async () => [{ label: prefix, confidence: 1, scores: {} }];
      return { kind: 'text', labels: [prefix], predict, dispose: () => void counts.disposed.push(prefix) };
    });

  it('are loaded once for all who ask at once, and are there until the last one lets go', async () => {
    const [first, second] = await Promise.all([hold('a'), hold('a')]);
    expect(counts.loaded).toEqual(['a']);
    first.dispose();
    first.dispose(); // Said twice, it counts once.
    await vi.advanceTimersByTimeAsync(60_000);
    expect(counts.disposed).toEqual([]);
    expect(await second.predict([{ text: '' }])).toMatchObject([{ label: 'a' }]);
    second.dispose();
    await vi.advanceTimersByTimeAsync(29_000);
    expect(counts.disposed).toEqual([]);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(counts.disposed).toEqual(['a']);
  });

  it('that were let go a moment ago are taken up again', async () => {
    (await hold('b')).dispose();
    const again = await hold('b');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(counts.loaded.filter((prefix) => prefix === 'b')).toHaveLength(1);
    expect(counts.disposed).not.toContain('b');
    again.dispose();
    await vi.advanceTimersByTimeAsync(31_000);
    expect(counts.disposed).toContain('b');
  });

  it('wait in small number', async () => {
    for (const prefix of ['c', 'd', 'e', 'f', 'g']) (await hold(prefix)).dispose();
    expect(counts.disposed.slice(-1)).toEqual(['c']);
  });

  it('that could not be loaded are loaded by the next who asks', async () => {
    const broken = (): Promise<ServedModel> => Promise.reject(new Error('no store'));
    await expect(Promise.all([models.hold('h', broken), models.hold('h', broken)])).rejects.toThrow('no store');
    expect((await hold('h')).labels).toEqual(['h']);
  });
});
