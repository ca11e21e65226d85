import { correctionsFor, type Rater, shopTraffic } from '../../shop/traffic.js';
import type { Life } from '../life.js';

const SEED = 20261124;

/** Customers of differing care: who corrects how often, and how often wrongly. */
const RATERS: readonly Rater[] = [
  { id: 'careful-1', correctsShare: 0.9, carelessShare: 0 },
  { id: 'careful-2', correctsShare: 0.7, carelessShare: 0.02 },
  { id: 'usual-1', correctsShare: 0.5, carelessShare: 0.05 },
  { id: 'usual-2', correctsShare: 0.4, carelessShare: 0.05 },
  { id: 'usual-3', correctsShare: 0.3, carelessShare: 0.08 },
  { id: 'seldom-1', correctsShare: 0.15, carelessShare: 0.1 },
  { id: 'seldom-2', correctsShare: 0.1, carelessShare: 0.1 },
  { id: 'careless', correctsShare: 0.4, carelessShare: 0.3 },
];

/** A shop's customers, out of the project's own grammar: typos, drift, an intent that is launched half way, careless users. */
export function shopLife(): Life {
  const { seeds, rounds, fresh } = shopTraffic({ seed: SEED, rounds: 8, perRound: 500, seedsPerIntent: 5 });
  return {
    name: 'shop',
    title: 'A shop: messages made by a grammar, with typos, drift, a late intent and careless customers',
    settings: { retrain: { minNewLabels: 40, debounceSeconds: 1, maxWaitSeconds: 10, nightlyHour: null } },
    seed: SEED,
    seeds,
    rounds,
    fresh,
    raterRole: 'user',
    speak: (message, answer, random) =>
      correctionsFor(RATERS[Math.floor(random.next() * RATERS.length)]!, message, answer, random),
  };
}
