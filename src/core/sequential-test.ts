/** What each of two models answered on one sample, right or wrong, in the order in which people verified them. */
export interface Pair {
  readonly isRight: boolean;
  readonly wasRight: boolean;
}

export interface SequentialVerdict {
  /** worse: the model is significantly worse than the one before; as-good: it is not; open: too little was seen. */
  readonly verdict: 'worse' | 'as-good' | 'open';
  readonly samples: number;
  readonly wins: number;
  readonly losses: number;
}

/** Of the samples on which the two differ, the share that a model as good as the other loses, and one that is worse. */
const [AS_GOOD, WORSE] = [0.5, 0.6];
/** ln((1 - .05) / .05): both kinds of error at most 5 %. */
const DECIDED = Math.log(19);
const OF_LOSS = Math.log(WORSE / AS_GOOD);
const OF_WIN = Math.log((1 - WORSE) / (1 - AS_GOOD));

/**
 * Wald's sequential probability ratio test (1945) on the samples where exactly one of two models is right. It may be
 * asked after every sample, and stops at its first verdict.
 */
export function sequentialTest(pairs: readonly Pair[]): SequentialVerdict {
  let [wins, losses] = [0, 0];
  for (const [i, { isRight, wasRight }] of pairs.entries()) {
    if (isRight === wasRight) continue;
    if (isRight) wins += 1;
    else losses += 1;
    const evidence = losses * OF_LOSS + wins * OF_WIN;
    if (Math.abs(evidence) >= DECIDED)
      return { verdict: evidence > 0 ? 'worse' : 'as-good', samples: i + 1, wins, losses };
  }
  return { verdict: 'open', samples: pairs.length, wins, losses };
}
