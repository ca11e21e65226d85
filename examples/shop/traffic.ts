import { type SeededRandom, seededRandom } from '../../src/platform/model-runtime/random.js';
import { happens, pick, pickWeighted } from './chance.js';
import type { Intent } from './grammar/intent.js';
import { EARLY_INTENTS, intentOf, INTENTS } from './grammar.js';
import { authoredText, customerText, type Habits } from './wording.js';

export type Channel = 'web' | 'app' | 'mail';

/** A message to the shop, and what the customer wants by it. */
export interface LabelledMessage {
  readonly id: string;
  readonly text: string;
  /** The truth. */
  readonly label: string;
  /** Stays the same for everything one customer writes. */
  readonly customer: string;
  readonly channel: Channel;
  /** Seconds after the seeds were written. */
  readonly occurredAt: number;
}

export interface TrafficPlan {
  readonly seed: number;
  readonly rounds: number;
  readonly perRound: number;
  readonly seedsPerIntent: number;
}

export interface ShopTraffic {
  readonly labels: readonly string[];
  /** Tidy examples by the shop's staff, to start from. None of the intent that is launched late. */
  readonly seeds: readonly LabelledMessage[];
  readonly rounds: readonly (readonly LabelledMessage[])[];
  /** A thousand more messages as in the last round, to judge models by. */
  readonly fresh: readonly LabelledMessage[];
}

const FRESH_MESSAGES = 1_000;
const SECONDS_A_ROUND = 24 * 3600;
const MESSAGES_A_CUSTOMER = 4;

/** The same for the same plan. A round of `rounds / 2` or later has messages about the intent that is launched late. */
export function shopTraffic(plan: TrafficPlan): ShopTraffic {
  const random = seededRandom(plan.seed);
  const round = (index: number, count: number) => messagesOf({ plan, index, count }, random);
  return {
    labels: INTENTS.map(({ label }) => label),
    seeds: EARLY_INTENTS.flatMap((intent) => seedsOf(intent, plan, random)),
    rounds: Array.from({ length: plan.rounds }, (_, index) => round(index, plan.perRound)),
    fresh: round(plan.rounds, FRESH_MESSAGES),
  };
}

function seedsOf(intent: Intent, { seed, seedsPerIntent }: TrafficPlan, random: SeededRandom): LabelledMessage[] {
  const texts = new Set<string>();
  // A few more draws than needed, so that they differ; a grammar that runs out of sentences repeats itself.
  for (let i = 0; texts.size < seedsPerIntent && i < 20 * seedsPerIntent; i += 1)
    texts.add(authoredText(intent, i, random));
  return [...texts].map((text, i) => ({
    id: `shop-${seed}-seed-${intent.label}-${i}`,
    text,
    label: intent.label,
    customer: `staff-${intent.label}-${i}`,
    channel: 'web',
    occurredAt: 0,
  }));
}

interface Round {
  readonly plan: TrafficPlan;
  readonly index: number;
  readonly count: number;
}

function messagesOf({ plan, index, count }: Round, random: SeededRandom): LabelledMessage[] {
  const progress = Math.min(1, index / Math.max(1, plan.rounds - 1));
  const intents = index >= plan.rounds / 2 ? INTENTS : EARLY_INTENTS;
  const shares = intents.map(({ share: [first, last] }) => first + (last - first) * progress);
  return Array.from({ length: count }, (_, i) => {
    const intent = pickWeighted(intents, shares, random);
    const { name, channel, habits } = customerOf(plan, random);
    return {
      id: `shop-${plan.seed}-${index}-${i}`,
      text: customerText(intent, habits, progress, random),
      label: intent.label,
      customer: name,
      channel,
      occurredAt: Math.floor((index + 1 + i / count) * SECONDS_A_ROUND),
    };
  });
}

/** Who writes next: the lower a customer's number, the more often. What is theirs depends on that number alone. */
function customerOf({ seed, rounds, perRound }: TrafficPlan, random: SeededRandom) {
  const customers = Math.ceil((rounds * perRound) / MESSAGES_A_CUSTOMER);
  const number = Math.floor(customers * random.next() ** 1.5);
  const own = seededRandom(seed * 1_000_003 + number);
  const channel = pick<Channel>(['web', 'web', 'app', 'app', 'mail'], own);
  const habits: Habits = { haste: own.next(), politeness: channel === 'mail' ? 0.8 : 0.4 * own.next() };
  return { name: `customer-${number}`, channel, habits };
}

/** Somebody who may tell the model what it should have said. */
export interface Rater {
  readonly id: string;
  /** Chance of a word about a wrong answer. */
  readonly correctsShare: number;
  /** Share of their statements that are wrong themselves. */
  readonly carelessShare: number;
}

/** What a rater says about one answer. */
export interface RaterStatement {
  readonly raterId: string;
  readonly kind: 'correction' | 'accept';
  readonly label: string;
  /** The label is not the truth: a rater was careless. */
  readonly isPlantedWrong: boolean;
  /** How many rounds after the answer it comes. */
  readonly roundsLate: 0 | 1 | 2;
  /** It comes in the same round, but before the prediction it is about. */
  readonly comesFirst: boolean;
}

/** A right answer gets a word this much less often than a wrong one. */
const ACCEPTS_TO_CORRECTIONS = 0.3;
/** Share of careless statements that name a neighbour of the truth; the others name any other intent. */
const NEAR_MISSES = 0.8;
const DELAYS = [0, 1, 2, 'before'] as const;
const DELAY_WEIGHTS = [72, 16, 6, 6];

/** What the rater says about the answer, if anything. A careless rater confirms a wrong answer as well as correcting one. */
export function correctionsFor(
  rater: Rater,
  message: LabelledMessage,
  predicted: string,
  random: SeededRandom,
): RaterStatement | undefined {
  const attention = predicted === message.label ? ACCEPTS_TO_CORRECTIONS : 1;
  if (!happens(rater.correctsShare * attention, random)) return undefined;
  const isPlantedWrong = happens(rater.carelessShare, random);
  const label = isPlantedWrong ? mistakenFor(message.label, random) : message.label;
  const delay = pickWeighted(DELAYS, DELAY_WEIGHTS, random);
  return {
    raterId: rater.id,
    kind: label === predicted ? 'accept' : 'correction',
    label,
    isPlantedWrong,
    roundsLate: delay === 'before' ? 0 : delay,
    comesFirst: delay === 'before',
  };
}

function mistakenFor(label: string, random: SeededRandom): string {
  if (!happens(NEAR_MISSES, random))
    return pick(
      EARLY_INTENTS.filter((other) => other.label !== label),
      random,
    ).label;
  const { neighbours } = intentOf(label);
  return pickWeighted(
    neighbours,
    neighbours.map((_, i) => 1 / (i + 1)),
    random,
  );
}
