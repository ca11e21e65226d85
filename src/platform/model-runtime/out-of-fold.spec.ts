import { describe, expect, it } from 'vitest';
import type { SnapshotSample } from '../../core/manifest.js';
import type { Fit, FitOrder, Learner } from './learner.js';
import { NOT_JUDGED } from './judgement.js';
import { judgeOutOfFold } from './out-of-fold.js';

const COUNT = 400;
const isWrong = (i: number): boolean => i % 5 === 0;
const truthOf = (i: number): number => i % 2;
const labelOf = (i: number): string => 'ab'[isWrong(i) ? 1 - truthOf(i) : truthOf(i)]!;

const samples = (over: Partial<SnapshotSample> = {}): SnapshotSample[] =>
  Array.from({ length: COUNT }, (_, i) => ({
    sampleId: String(i),
    label: labelOf(i),
    split: 'train',
    groupHash: `g${i}`,
    contentHash: '',
    revision: '1',
    input: { vector: [i] },
    ...over,
  }));

/**
 * Knows the truth, and says it with .9; where it has learnt from wrong labels and is one that they mislead, it is a
 * little wrong about every third sample.
 */
class TruthTeller implements Learner {
  readonly name = 'truth';
  readonly labels = ['a', 'b'];
  readonly isHeir = false;
  readonly orders: FitOrder[] = [];

  constructor(private readonly isMisled: boolean) {}

  async fit(order: FitOrder): Promise<Fit> {
    this.orders.push(order);
    const hasWrong = this.isMisled && order.members.some(isWrong);
    const answer = (i: number): number[] => {
      const ofTruth = hasWrong && i % 3 === 1 && !isWrong(i) ? 0.45 : 0.9;
      return truthOf(i) === 0 ? [ofTruth, 1 - ofTruth] : [1 - ofTruth, ofTruth];
    };
    return { finalLoss: 0, epochs: 1, answer, files: () => new Map() };
  }
}

const order = {
  importance: new Float32Array(COUNT).fill(1),
  seed: 1,
  effort: 1,
  isWarm: true,
  onProgress: () => undefined,
};
const wrongOnes = new Set(
  Array.from({ length: COUNT }, (_, i) => i)
    .filter(isWrong)
    .map(String),
);

describe('judgeOutOfFold', () => {
  it('leaves out what models doubt when models without it are right more often', async () => {
    const { pruned, suspects, accuracy } = await judgeOutOfFold(new TruthTeller(true), samples(), order);
    expect(pruned).toEqual(wrongOnes);
    expect(suspects).toHaveLength(80);
    expect(accuracy).toBe(1);
  });

  it('leaves nothing out when that makes no model better, and still asks', async () => {
    const { pruned, suspects, accuracy } = await judgeOutOfFold(new TruthTeller(false), samples(), order);
    expect(pruned.size).toBe(0);
    expect(suspects.every(({ sampleId }) => wrongOnes.has(sampleId))).toBe(true);
    expect(accuracy).toBeCloseTo(0.8, 10);
  });

  it('never leaves out what is trusted', async () => {
    const { pruned, suspects } = await judgeOutOfFold(new TruthTeller(true), samples({ isTrusted: true }), order);
    expect(pruned.size).toBe(0);
    expect(suspects).toEqual([]);
  });

  it('asks no model about a sample that it has learnt from, nor about one of the same group', async () => {
    const learner = new TruthTeller(false);
    const pairs = samples().map((sample, i) => ({ ...sample, groupHash: `g${Math.floor(i / 2)}` }));
    await judgeOutOfFold(learner, pairs, order);
    // The first pass; later ones leave out what is doubted as well.
    for (const { members, isWarm } of learner.orders.slice(0, 4)) {
      expect(isWarm).toBe(false);
      const learnt = new Set(members);
      for (const i of learnt) expect(learnt.has(i ^ 1)).toBe(true);
    }
  });

  it('says that 4 in 5 are right where .9 was claimed', async () => {
    const { temperature, calibrationError } = await judgeOutOfFold(new TruthTeller(false), samples(), order);
    // ln 9 / T = ln 4
    expect(temperature).toBeCloseTo(Math.log(9) / Math.log(4), 2);
    expect(calibrationError.before).toBeCloseTo(0.1, 5);
    expect(calibrationError.after).toBeCloseTo(0, 2);
  });

  it('judges nothing with few samples', async () => {
    expect(await judgeOutOfFold(new TruthTeller(true), samples().slice(0, 39), order)).toBe(NOT_JUDGED);
  });
});

describe('out of scope', () => {
  /** Never says "none", but is unsure where it should. */
  const unsure: Learner = {
    name: 'unsure',
    labels: ['a', 'b', 'none'],
    isHeir: false,
    fit: async () => ({
      finalLoss: 0,
      epochs: 1,
      answer: (i) => (i % 4 === 3 ? [0.5, 0.3, 0.2] : i % 2 === 0 ? [0.9, 0.05, 0.05] : [0.05, 0.9, 0.05]),
      files: () => new Map(),
    }),
  };
  const asked = samples().map((sample, i) => ({ ...sample, label: i % 4 === 3 ? 'none' : 'ab'[i % 2]! }));

  it('is where models that had not seen them are too unsure, as far as refusing is right', async () => {
    const { outOfScope } = await judgeOutOfFold(unsure, asked, order, { outOfScope: 'none' });
    expect(outOfScope).toMatchObject({
      inScope: { samples: 300, refused: 0, refusedRight: 0 },
      outOfScope: { samples: 100, caught: 100 },
    });
    expect(outOfScope!.threshold).toBeGreaterThan(0.5);
    expect(outOfScope!.threshold).toBeLessThan(0.95);
  });

  it('is not looked for while no label stands for it', async () => {
    expect((await judgeOutOfFold(unsure, asked, order)).outOfScope).toBeNull();
    expect((await judgeOutOfFold(unsure, asked, order, { outOfScope: 'never used' })).outOfScope).toBeNull();
  });
});
