/** Two models on the same samples: where exactly one of them was right. */
export interface PairedCounts {
  /** Challenger right, champion wrong. */
  readonly wins: number;
  /** Champion right, challenger wrong. */
  readonly losses: number;
}

/**
 * One-sided p-value of the exact McNemar (sign) test that the challenger is worse: P(X >= losses) for
 * X ~ Binomial(wins + losses, 1/2). Small means "worse". Source: Dietterich 1998, exact binomial form.
 */
export const pWorse = ({ wins, losses }: PairedCounts): number => upperTail(losses, wins + losses);

/** As {@link pWorse}, that the challenger is better. */
export const pBetter = ({ wins, losses }: PairedCounts): number => upperTail(wins, wins + losses);

/**
 * P(X >= successes) for X ~ Binomial(trials, 1/2). One pass: each term is the one before it times a ratio. Summed from
 * the middle outwards, because the first term of the long side is too small for a double from about 1,075 trials on.
 */
function upperTail(successes: number, trials: number): number {
  if (successes * 2 <= trials) return 1 - upperTail(trials - successes + 1, trials);
  let logTerm = -trials * Math.LN2;
  for (let i = 1; i <= successes; i += 1) logTerm += Math.log(trials - successes + i) - Math.log(i);
  let term = Math.exp(logTerm);
  let sum = 0;
  for (let k = successes; k <= trials; k += 1) {
    sum += term;
    term *= (trials - k) / (k + 1);
  }
  return Math.min(1, sum);
}
