import { describe, expect, it } from 'vitest';
import { rejectedLabels, resolveLabel, type Statement } from './label.js';

let seq = 0n;
const says = (label: string, over: Partial<Statement> = {}): Statement => {
  seq += 1n;
  return {
    feedbackId: `f${seq}`,
    kind: 'correction',
    label,
    raterId: `r${seq}`,
    raterRole: 'user',
    occurredAt: Number(seq),
    seq,
    ...over,
  };
};

const dog = { status: 'resolved', label: 'dog', support: 1 } as const;

describe('resolveLabel', () => {
  it.each([
    ['nobody spoke', [], { status: 'none' }],
    ['one user is heard', [says('dog')], dog],
    ['an accept stands for the predicted label', [says('', { kind: 'accept', label: null })], { ...dog, label: 'cat' }],
    ['a rejection alone gives no label', [says('', { kind: 'reject', label: null })], { status: 'none' }],
    [
      'one annotator overrules three users',
      [says('cat'), says('cat'), says('cat'), says('dog', { raterRole: 'annotator' })],
      dog,
    ],
    ['a system is heard only where no person spoke', [says('cat', { raterRole: 'system' }), says('dog')], dog],
    ['the majority wins', [says('dog'), says('cat'), says('dog')], { ...dog, support: 2 }],
    ['a tie is a dispute', [says('dog'), says('cat')], { status: 'disputed', candidates: ['cat', 'dog'] }],
    [
      'an acceptance and a rejection are a dispute',
      [says('', { kind: 'accept', label: null }), says('', { kind: 'reject', label: null })],
      { status: 'disputed', candidates: ['cat'] },
    ],
    [
      'skips, ratings and comments say nothing of the label',
      [says('', { kind: 'skip' }), says('', { kind: 'rating' })],
      { status: 'none' },
    ],
  ] as const)('%s', (_, statements, expected) => expect(resolveLabel(statements, 'cat')).toEqual(expected));

  it('knows nothing to accept or to reject where nothing has answered', () => {
    const [accepts, rejects] = [says('', { kind: 'accept', label: null }), says('', { kind: 'reject', label: null })];
    expect(resolveLabel([accepts, rejects], null)).toEqual({ status: 'none' });
    expect(resolveLabel([accepts, rejects], null, 'regression')).toEqual({ status: 'none' });
    expect(rejectedLabels([rejects], null)).toEqual([]);
    expect(resolveLabel([rejects, says('dog')], null)).toEqual(dog);
    expect(resolveLabel([says('3.5'), rejects], null, 'regression')).toEqual({ ...dog, label: '3.5' });
  });

  it('lets a rater change their mind by the time it happened, not by the time it arrived', () => {
    const later = says('dog', { raterId: 'ann', occurredAt: 2_000 });
    const earlier = says('cat', { raterId: 'ann', occurredAt: 1_000 });
    expect(resolveLabel([later, earlier], 'cat')).toEqual(dog);
  });

  it('gives the same answer in every order of arrival', () => {
    const statements = [
      says('dog'),
      says('cat'),
      says('dog'),
      says('', { kind: 'partial', label: null, notLabel: 'dog' }),
    ];
    const answers = permutations(statements).map((order) => JSON.stringify(resolveLabel(order, 'cat')));
    expect(new Set(answers).size).toBe(1);
  });
});

describe('resolveLabel of values', () => {
  const resolve = (statements: Statement[]) => resolveLabel(statements, '20', 'regression');

  it('takes the median of the highest role, and the model only where it was accepted', () => {
    expect(resolve([says('1'), says('2'), says('900')])).toEqual({ status: 'resolved', label: '2', support: 3 });
    expect(resolve([says('1'), says('2')])).toMatchObject({ label: '1.5' });
    expect(resolve([says('1'), says('7', { raterRole: 'annotator' })])).toMatchObject({ label: '7', support: 1 });
    expect(resolve([says('', { kind: 'accept', label: null }), says('30')])).toMatchObject({ label: '25' });
    expect(resolve([])).toEqual({ status: 'none' });
  });

  it('is a dispute where as many only say that the answer is wrong', () => {
    const wrong = says('', { kind: 'reject', label: null });
    expect(resolve([wrong])).toEqual({ status: 'none' });
    expect(resolve([says('10'), wrong])).toEqual({ status: 'disputed', candidates: ['10'] });
    expect(resolve([says('10'), says('9'), wrong])).toMatchObject({ status: 'resolved', label: '9.5' });
  });
});

describe('rejectedLabels', () => {
  it('names what was rejected, once each', () => {
    const statements = [
      says('', { kind: 'reject', label: null }),
      says('', { kind: 'partial', label: null, notLabel: 'bird' }),
      says('', { kind: 'reject', label: null }),
    ];
    expect(rejectedLabels(statements, 'cat')).toEqual(['bird', 'cat']);
  });
});

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length < 2) return [[...items]];
  return items.flatMap((item, i) =>
    permutations([...items.slice(0, i), ...items.slice(i + 1)]).map((rest) => [item, ...rest]),
  );
}
