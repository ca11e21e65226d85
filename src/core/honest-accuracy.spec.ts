import { describe, expect, it } from 'vitest';
import { seededRandom } from '../platform/model-runtime/random.js';
import { honestNumbers, type Verified } from './honest-accuracy.js';

const verified = (label: string, predicted: string, probability = 0.1): Verified => ({ label, predicted, probability });

describe('honestNumbers', () => {
  it('weighs each sample by what it stands for', () => {
    const { accuracy, recall, confusion } = honestNumbers([
      verified('a', 'a', 0.5),
      verified('a', 'b', 0.25),
      verified('b', 'b', 0.5),
    ]);
    expect(accuracy).toMatchObject({ value: 0.5, samples: 3 });
    expect(recall.map(({ label, value }) => [label, value])).toEqual([
      ['a', 1 / 3],
      ['b', 1],
    ]);
    expect(confusion).toEqual({
      labels: ['a', 'b'],
      cells: [
        [0.25, 0.5],
        [0, 0.25],
      ],
    });
  });

  it("gives Wilson's interval: 81 of 100 right, .722 to .875", () => {
    const samples = Array.from({ length: 100 }, (_, i) => verified('a', i < 81 ? 'a' : 'b'));
    const { low, high } = honestNumbers(samples).accuracy!;
    expect(low).toBeCloseTo(0.7222, 3);
    expect(high).toBeCloseTo(0.8749, 3);
  });

  it('tells nothing from nothing', () => expect(honestNumbers([]).accuracy).toBeNull());

  /**
   * 1,000 worlds: 5,000 answers, 90 % right; users correct 30 % of the wrong ones and confirm 3 % of the right ones;
   * 200 answers are audited, drawn in two rounds with different probabilities.
   */
  it('covers the truth at its rate where the naive number is far off', () => {
    const random = seededRandom(11);
    let [covered, naiveError] = [0, 0];
    const worlds = 1_000;
    for (let world = 0; world < worlds; world += 1) {
      const right = Array.from({ length: 5_000 }, () => random.next() < 0.9);
      const truth = right.filter(Boolean).length / right.length;
      const audits = right.flatMap((isRight, i) => {
        const probability = i < 2_500 ? 0.05 : 0.03;
        return random.next() < probability ? [verified('a', isRight ? 'a' : 'b', probability)] : [];
      });
      const { low, high } = honestNumbers(audits).accuracy!;
      if (low <= truth && truth <= high) covered += 1;
      const spoken = right.filter((isRight) => random.next() < (isRight ? 0.03 : 0.3));
      naiveError += Math.abs(spoken.filter(Boolean).length / spoken.length - truth) / worlds;
    }
    expect(covered / worlds).toBeGreaterThan(0.93);
    expect(covered / worlds).toBeLessThan(0.98);
    expect(naiveError).toBeGreaterThan(0.3);
  });
});
