import { describe, expect, it } from 'vitest';
import { NaturalBatcher } from './natural-batcher.js';

const limits = { batchItems: 4, waitingItems: 6 };

function lane() {
  const commits: number[][] = [];
  const gates: (() => void)[] = [];
  const batcher = new NaturalBatcher<number, string>(async (items) => {
    commits.push([...items]);
    await new Promise<void>((resolve) => gates.push(resolve));
    if (items.includes(13)) throw new Error('unlucky');
    return items.map((item) => `#${item}`);
  }, limits);
  const open = async () => {
    while (gates.length === 0) await new Promise((resolve) => setImmediate(resolve));
    gates.shift()!();
  };
  return { batcher, commits, open };
}

describe('NaturalBatcher', () => {
  it('fills the next batch while one commit is under way, within its limit', async () => {
    const { batcher, commits, open } = lane();
    const first = batcher.submit([1]);
    while (commits.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const rest = [batcher.submit([2, 3]), batcher.submit([4, 5]), batcher.submit([6])];
    for (let i = 0; i < 3; i += 1) await open();
    expect(await first).toEqual(['#1']);
    expect(await Promise.all(rest)).toEqual([['#2', '#3'], ['#4', '#5'], ['#6']]);
    expect(commits).toEqual([[1], [2, 3, 4, 5], [6]]);
  });

  it('refuses what would wait beyond its bound', async () => {
    const { batcher } = lane();
    void batcher.submit([1, 2, 3, 4, 5]);
    await expect(batcher.submit([6, 7])).rejects.toMatchObject({ code: 'overloaded' });
  });

  it('tells every caller of a commit that failed, and goes on', async () => {
    const { batcher, open } = lane();
    const unlucky = expect(batcher.submit([13])).rejects.toThrow('unlucky');
    await open();
    await unlucky;
    const next = batcher.submit([1]);
    await open();
    expect(await next).toEqual(['#1']);
  });
});
