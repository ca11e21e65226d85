import { describe, expect, it } from 'vitest';
import { Lanes } from './lanes.js';

/** Commits that end when they are told to. */
function heldLanes(most: number) {
  const gates: (() => void)[] = [];
  const lanes = new Lanes<number, number>(
    async (_, items) => {
      await new Promise<void>((resolve) => gates.push(resolve));
      return [...items];
    },
    most,
    { batchItems: 100, waitingItems: 100 },
  );
  const open = () => gates.splice(0).forEach((gate) => gate());
  return { lanes, open };
}

const items = (count: number) => Array.from({ length: count }, (_, n) => n);
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('Lanes', () => {
  it('refuse, when all together hold enough, who holds more than an equal share, and nobody else', async () => {
    const { lanes, open } = heldLanes(20);
    const loud = lanes.submit('loud', items(18));
    await expect(lanes.submit('loud', items(3))).rejects.toMatchObject({ code: 'overloaded' });
    const quiet = lanes.submit('quiet', items(9));
    await expect(lanes.submit('loud', items(1))).rejects.toMatchObject({ code: 'overloaded' });
    const third = lanes.submit('third', items(6));
    await expect(lanes.submit('third', items(1))).rejects.toMatchObject({ code: 'overloaded' });
    for (let n = 0; n < 4; n += 1) {
      await turn();
      open();
    }
    expect((await Promise.all([loud, quiet, third])).map(({ length }) => length)).toEqual([18, 9, 6]);
    const again = lanes.submit('loud', items(20));
    await turn();
    await turn();
    open();
    expect(await again).toHaveLength(20);
  });

  it('count nothing for what was refused or failed', async () => {
    const lanes = new Lanes<number, number>(() => Promise.reject(new Error('no database')), 10);
    for (let n = 0; n < 5; n += 1) {
      await expect(lanes.submit('a', items(8))).rejects.toThrow('no database');
      await expect(lanes.submit('a', items(11))).rejects.toMatchObject({ code: 'overloaded' });
    }
  });
});
