/**
 * What customers want, and the many ways they put it. Templates are written so:
 *
 *     (a|b|c)   one of the three, each as likely
 *     [a]       there or not, half and half
 *     {slot}    one of the entries of a shared slot (slots.ts)
 *     #         a digit
 *
 * They nest: `(where is|any news of) {parcel}[, ordered {ago}]`.
 */
export interface Intent {
  readonly label: string;
  /** How often customers write about it, relative to the others: in the first round and in the last. */
  readonly share: readonly [first: number, last: number];
  /** What a careless person takes it for, the likeliest first. */
  readonly neighbours: readonly [string, ...string[]];
  /** Tidy sentences the shop's staff would write down as examples. Seeds come from these alone. */
  readonly authored: readonly string[];
  /** What customers really write; the first are usual in the first round, the last in the last. */
  readonly wild: readonly string[];
  /** Two or three words, without a greeting. */
  readonly brief: readonly string[];
  /** Mentions it in a message about something else. */
  readonly asides: readonly string[];
  /** A service the shop launches half way: nobody writes about it before. */
  readonly isLaunchedLate?: true;
}
