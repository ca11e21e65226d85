/** What a model that had not seen it says about a labelled sample, where it says one of the labels. */
export interface ScopedAnswer {
  /** Probability of the likeliest label. */
  readonly confidence: number;
  /** The likeliest label is the sample's. */
  readonly isRight: boolean;
  /** People gave it one of the labels, not "none of them". */
  readonly isInScope: boolean;
}

/**
 * From which confidence on an answer is given, and what that costs on the samples it was learnt from: those that were
 * answered with one of the labels.
 */
export interface ScopeThreshold {
  /** Less sure answers become "out of scope". 0 where refusing would cost more than it brings. */
  readonly threshold: number;
  readonly inScope: {
    readonly samples: number;
    /** Answers that would be refused, and those of them that were right: the cost. */
    readonly refused: number;
    readonly refusedRight: number;
  };
  readonly outOfScope: {
    readonly samples: number;
    /** Refused, as they should be. */
    readonly caught: number;
  };
}

/**
 * The threshold with which most samples are treated rightly: those in scope answered rightly, the others refused. Of
 * equals the lowest, which refuses least. It weighs as the labelled samples do, so it is as fair as they are.
 */
export function scopeThresholdOf(answers: readonly ScopedAnswer[]): ScopeThreshold {
  const sorted = answers.toSorted((a, b) => a.confidence - b.confidence);
  let gain = 0;
  let best = { gain: 0, refused: 0 };
  sorted.forEach(({ isInScope, isRight, confidence }, i) => {
    gain += isInScope ? (isRight ? -1 : 0) : 1;
    // Equally sure answers are refused together.
    const isBoundary = confidence !== sorted[i + 1]?.confidence;
    if (isBoundary && gain > best.gain) best = { gain, refused: i + 1 };
  });
  const refused = sorted.slice(0, best.refused);
  const count = (some: readonly ScopedAnswer[], isWanted: (answer: ScopedAnswer) => boolean): number =>
    some.filter(isWanted).length;
  return {
    threshold: between(sorted, best.refused),
    inScope: {
      samples: count(sorted, ({ isInScope }) => isInScope),
      refused: count(refused, ({ isInScope }) => isInScope),
      refusedRight: count(refused, ({ isInScope, isRight }) => isInScope && isRight),
    },
    outOfScope: {
      samples: count(sorted, ({ isInScope }) => !isInScope),
      caught: count(refused, ({ isInScope }) => !isInScope),
    },
  };
}

/** Half way between the last that is refused and the first that is not. */
function between(sorted: readonly ScopedAnswer[], refused: number): number {
  if (refused === 0) return 0;
  return (sorted[refused - 1]!.confidence + (sorted[refused]?.confidence ?? 1)) / 2;
}
