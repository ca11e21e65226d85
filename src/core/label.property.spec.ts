import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareStatements, type FeedbackKind, rejectedLabels, resolveLabel, type Statement } from './label.js';

const KINDS: FeedbackKind[] = ['correction', 'accept', 'reject', 'partial', 'skip', 'rating', 'comment'];

/** Few raters, labels and moments, so that ties and repetitions are common. */
const statement = fc.record({
  kind: fc.constantFrom(...KINDS),
  label: fc.constantFrom('cat', 'dog', null),
  notLabel: fc.constantFrom('cat', 'cow', null),
  raterId: fc.constantFrom('anna', 'ben', 'carl'),
  raterRole: fc.constantFrom('annotator', 'user', 'system'),
  occurredAt: fc.integer({ min: 0, max: 3 }),
  seq: fc.bigInt({ min: 0n, max: 5n }),
  feedbackId: fc.uuid(),
}) satisfies fc.Arbitrary<Statement>;

const statements = fc.uniqueArray(statement, { selector: ({ feedbackId }) => feedbackId, maxLength: 12 });

describe('the order of statements', () => {
  it('is total: any two differ, one way round, and it is transitive', () => {
    fc.assert(
      fc.property(fc.uniqueArray(statement, { selector: (s) => s.feedbackId, minLength: 3, maxLength: 3 }), (three) => {
        const [a, b, c] = three as [Statement, Statement, Statement];
        expect(Math.sign(compareStatements(a, b))).toBe(-Math.sign(compareStatements(b, a)));
        expect(compareStatements(a, b)).not.toBe(0);
        if (compareStatements(a, b) < 0 && compareStatements(b, c) < 0) expect(compareStatements(a, c)).toBeLessThan(0);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('a label', () => {
  it('does not depend on the order in which statements are read', () => {
    const shuffled = statements.chain((given) =>
      fc.tuple(fc.constant(given), fc.shuffledSubarray(given, { minLength: given.length, maxLength: given.length })),
    );
    fc.assert(
      fc.property(shuffled, ([given, mixed]) => {
        expect(resolveLabel(mixed, 'cat')).toEqual(resolveLabel(given, 'cat'));
        expect(rejectedLabels(mixed, 'cat')).toEqual(rejectedLabels(given, 'cat'));
      }),
      { numRuns: 2_000 },
    );
  });

  it("is one that somebody said, or the model's answer that somebody accepted", () => {
    fc.assert(
      fc.property(statements, (given) => {
        const resolved = resolveLabel(given, 'cow');
        if (resolved.status !== 'resolved') return;
        const said = given.some(({ kind, label }) => kind !== 'reject' && label === resolved.label);
        const accepted = resolved.label === 'cow' && given.some(({ kind }) => kind === 'accept');
        expect(said || accepted).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it("is not changed by a rater's earlier statement that comes late", () => {
    fc.assert(
      fc.property(statements, statement, (given, late) => {
        const hasSpokenLater = given.some(
          (other) =>
            other.raterId === late.raterId &&
            other.raterRole === late.raterRole &&
            ['correction', 'accept', 'reject', 'partial'].includes(other.kind) &&
            compareStatements(late, other) < 0,
        );
        if (hasSpokenLater) expect(resolveLabel([...given, late], 'cat')).toEqual(resolveLabel(given, 'cat'));
      }),
      { numRuns: 5_000 },
    );
  });
});
