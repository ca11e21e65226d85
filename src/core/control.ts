import { sha256 } from './ids.js';

/**
 * One run in so many, by its seed, also learns from nothing and from all history, so that it stays known what going on from the
 * parent with a bounded replay costs.
 */
const EVERY = 10;

/** A run's seed: repeatable, a function of its id. */
export const seedOf = (runId: string): number => Number.parseInt(sha256(runId).slice(0, 7), 16);

export const hasControl = (seed: number): boolean => seed % EVERY === 0;

/** Most samples that a control learns beside those of its run, as a multiple of what a run may learn. */
export const HISTORY_SHARE = 4;
