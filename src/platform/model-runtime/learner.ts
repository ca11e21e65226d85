import type { ModelFiles } from './types.js';

/** Which samples to learn from, how much each counts, and from where. */
export interface FitOrder {
  /** Indexes of samples. */
  readonly members: Int32Array;
  /** By sample, whether or not it is a member; 1 on average. */
  readonly importance: Float32Array;
  readonly seed: number;
  /** Share of the usual number of looks at the samples. */
  readonly effort: number;
  /** Share of the usual learning rate; all of it when not given. */
  readonly rate?: number;
  /** From the parent's weights, where there are any. */
  readonly isWarm: boolean;
  readonly onProgress: (fraction: number, note: string) => void;
}

/** From nothing, and without a word about it. */
export const COLD = { isWarm: false, onProgress: () => undefined } as const satisfies Partial<FitOrder>;

export interface Fit {
  readonly finalLoss: number;
  readonly epochs: number;
  /** Probabilities of one sample by label; overwritten by the next call. */
  answer(sample: number): ArrayLike<number>;
  /** The files of the model but for its manifest, confidences at this temperature. */
  files(temperature: number): ModelFiles;
}

/** Samples made ready to be learnt from, as often as is wanted. The same order gives the same bytes. */
export interface Learner {
  /** Of its kind of model, as metrics name it. */
  readonly name: string;
  /** Every label of the samples and of the parent, in code unit order. */
  readonly labels: readonly string[];
  /** There is a parent of the same shape, from whose weights a warm fit goes on. */
  readonly isHeir: boolean;
  fit(order: FitOrder): Promise<Fit>;
}
