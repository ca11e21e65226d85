import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Expiring } from './expiring.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Answers "key 1", "key 2" and so on, each when it is let go; all but those told to fail. */
function reading() {
  const asked: { answer(): void; fail(): void }[] = [];
  const values = new Expiring(1_000, (key) => {
    const value = `${key} ${asked.length + 1}`;
    return new Promise<string>((resolve, reject) => {
      asked.push({ answer: () => resolve(value), fail: () => reject(new Error(`no ${value}`)) });
    });
  });
  const settled = async () => {
    await vi.advanceTimersByTimeAsync(0);
  };
  return { asked, values, settled };
}

/** The same, with a value that was read so many milliseconds ago. */
async function readBefore(milliseconds: number) {
  const all = reading();
  const first = all.values.get('a');
  all.asked[0]!.answer();
  await first;
  vi.advanceTimersByTime(milliseconds);
  return all;
}

it('reads once for all who ask, and again when its time is over', async () => {
  const { asked, values } = reading();
  const [one, other] = [values.get('a'), values.get('a')];
  asked[0]!.answer();
  expect(await one).toBe('a 1');
  expect(await other).toBe('a 1');
  vi.advanceTimersByTime(499);
  expect(await values.get('a')).toBe('a 1');
  expect(asked).toHaveLength(1);

  vi.advanceTimersByTime(1_000);
  const later = values.get('a');
  expect(asked).toHaveLength(2);
  asked[1]!.answer();
  expect(await later).toBe('a 2');
});

it('reads again beside when half of its time is over, and nobody waits', async () => {
  const { asked, values, settled } = await readBefore(500);
  expect(await values.get('a')).toBe('a 1');
  expect(await values.get('a')).toBe('a 1');
  expect(asked).toHaveLength(2);
  vi.advanceTimersByTime(100);
  asked[1]!.answer();
  await settled();
  expect(await values.get('a')).toBe('a 2');

  // As old as when it was asked for, not as when it came.
  vi.advanceTimersByTime(899);
  expect(await values.get('a')).toBe('a 2');
  vi.advanceTimersByTime(1);
  void values.get('a');
  expect(asked).toHaveLength(4);
});

it('serves nothing older than its time, even when it cannot be read again', async () => {
  const { asked, values, settled } = await readBefore(600);
  void values.get('a');
  asked[1]!.fail();
  await settled();
  expect(await values.get('a')).toBe('a 1');
  asked[2]!.fail();
  await settled();
  vi.advanceTimersByTime(400);
  const late = values.get('a');
  asked[3]!.fail();
  await expect(late).rejects.toThrow('no a 4');
  // A failure is not kept.
  const next = values.get('a');
  asked[4]!.answer();
  expect(await next).toBe('a 5');
});

it('forgets, also what is being read beside', async () => {
  const { asked, values, settled } = await readBefore(600);
  void values.get('a');
  values.forget('a');
  const fresh = values.get('a');
  asked[1]!.answer();
  asked[2]!.answer();
  await settled();
  expect(await fresh).toBe('a 3');
  expect(await values.get('a')).toBe('a 3');
});
