import { describe, expect, it } from 'vitest';
import { seededRandom } from '../platform/model-runtime/random.js';
import { type CrowdAnswer, judgeCrowd } from './crowd.js';
import { alikeModel, dawidSkene, majority, priorOf } from './dawid-skene.js';

/** Items that are truly a or b in turn; each rater is right with a chance of their own for each label. */
function answersOf(items: number, raters: readonly (readonly [ofA: number, ofB: number])[], seed = 5): CrowdAnswer[] {
  const random = seededRandom(seed);
  return Array.from({ length: items }, (_, i) => i).flatMap((i) =>
    raters.map(([ofA, ofB], r) => {
      const truth = i % 2 === 0 ? 'a' : 'b';
      const isRight = random.next() < (truth === 'a' ? ofA : ofB);
      const label = isRight ? truth : truth === 'a' ? 'b' : 'a';
      return { item: `i${i}`, rater: `r${r}`, label };
    }),
  );
}

const accuracy = ({ beliefs }: ReturnType<typeof judgeCrowd>): number =>
  [...beliefs].filter(([item, belief]) => {
    const truth = Number(item.slice(1)) % 2 === 0 ? 'a' : 'b';
    return belief.label === truth;
  }).length / beliefs.size;

describe('judgeCrowd', () => {
  it.each([
    [150, [0.8, 0.8, 0.8, 0.8, 0.8]],
    [150, [0.6, 0.6, 0.6, 0.6, 0.6]],
  ])('sees no difference between people who do not differ', (items, chances) => {
    const people = chances.map((chance) => [chance, chance] as const);
    const methods = Array.from({ length: 20 }, (_, seed) => judgeCrowd(answersOf(items, people, seed)).method);
    expect(methods.filter((method) => method === 'dawid-skene').length).toBeLessThanOrEqual(1);
  });

  it('believes the majority where people are alike', () => {
    const verdict = judgeCrowd(
      answersOf(100, [
        [0.8, 0.8],
        [0.8, 0.8],
        [0.8, 0.8],
      ]),
    );
    expect(verdict.method).toBe('majority');
    expect(accuracy(verdict)).toBeGreaterThan(0.8);
  });

  it('believes the few who know where most say the same to everything', () => {
    const verdict = judgeCrowd(
      answersOf(200, [
        [0.95, 0.95],
        [0.95, 0.95],
        [0.95, 0.1],
        [0.95, 0.1],
        [0.95, 0.1],
      ]),
    );
    expect(verdict.method).toBe('dawid-skene');
    expect(accuracy(verdict)).toBeGreaterThan(0.95);
    expect(verdict.trust.get('r0')).toBeGreaterThan(0.9);
    expect(verdict.trust.get('r4')).toBeLessThan(0.65);
    expect(verdict.gain).toBeGreaterThan(0);
  });

  it('shows who says the opposite of what is true', () => {
    const { trust } = judgeCrowd(
      answersOf(200, [
        [0.9, 0.9],
        [0.9, 0.9],
        [0.9, 0.9],
        [0.05, 0.05],
      ]),
    );
    expect(trust.get('r3')).toBeLessThan(0.15);
  });

  it('learns whom to trust from items whose label is known', () => {
    // Two who know nothing agree with each other, and outvote the one who knows.
    const answers = answersOf(120, [
      [0.95, 0.95],
      [0.95, 0.1],
      [0.95, 0.1],
    ]);
    const truths = new Map(Array.from({ length: 40 }, (_, i) => [`i${i}`, i % 2 === 0 ? 'a' : 'b']));
    const [alone, told] = [judgeCrowd(answers), judgeCrowd(answers, truths)];
    expect(alone.trust.get('r0')).toBeLessThan(0.75);
    expect(told.trust.get('r0')).toBeGreaterThan(0.85);
    expect(told.trust.get('r1')).toBeLessThan(0.65);
    for (const [item, label] of truths) expect(told.beliefs.get(item)).toEqual({ label, probability: 1 });
  });

  it('knows a label that nobody said', () => {
    const { beliefs, trust } = judgeCrowd([{ item: 'x', rater: 'r', label: 'a' }], new Map([['x', 'c']]));
    expect(beliefs.get('x')).toEqual({ label: 'c', probability: 1 });
    expect(trust.get('r')).toBeLessThan(0.6);
  });

  it('is a share where there is but one answer', () => {
    const { method, beliefs } = judgeCrowd([{ item: 'x', rater: 'r', label: 'a' }]);
    expect(method).toBe('majority');
    expect(beliefs.get('x')).toEqual({ label: 'a', probability: 1 });
    expect(judgeCrowd([]).beliefs.size).toBe(0);
  });

  it('makes of hand-computed answers what the formulas say', () => {
    // Two items, two raters who agree on x and not on y. One round by hand: beliefs x = a, y = half a, half b.
    const coded = {
      items: 2,
      raters: 2,
      labels: 2,
      item: Int32Array.from([0, 0, 1, 1]),
      rater: Int32Array.from([0, 1, 0, 1]),
      label: Int32Array.from([0, 0, 0, 1]),
      truth: Int32Array.from([-1, -1]),
    };
    const given = Int32Array.from([0, 1, 2, 3]);
    const beliefs = majority(coded, given);
    expect([...beliefs.start]).toEqual([0, 1, 3]);
    expect([...beliefs.probability]).toEqual([1, 0.5, 0.5]);
    expect([...priorOf(beliefs, 2)]).toEqual([2.5 / 4, 1.5 / 4]);
    // Where all are alike and x is known for an a, y stays between a and b: of what each says of y one is for either.
    const alike = alikeModel(coded, given);
    const [ofX, a, b] = alike.beliefs.probability;
    expect(ofX).toBe(1);
    // Where a is true (weight 2 + 2a) a was said 2 + a times, b a times, and half an answer of either is added.
    expect(alike.confusion(0, 0, 0)).toBeCloseTo((0.5 + 2 + a!) / (1 + 2 + 2 * a!));
    expect(alike.confusion(1, 1, 0)).toBeCloseTo((0.5 + b!) / (1 + 2 * b!));
    // Each rater's own matrix is drawn to that of all by two answers.
    const own = dawidSkene(coded, given);
    const [, ownA] = own.beliefs.probability;
    const all = (0.5 + 2 + ownA!) / (1 + 2 + 2 * ownA!);
    expect(own.confusion(0, 0, 0)).toBeCloseTo((2 * all + 1 + ownA!) / (2 + 1 + ownA!));
  });
});
