import { join } from 'node:path';
import { type SeededRandom, seededRandom } from '../../../src/platform/model-runtime/random.js';
import type { LabelledMessage } from '../../shop/traffic.js';
import type { Life } from '../life.js';
import { readCsv } from './csv.js';

const SEED = 77;
const SEEDS_A_LABEL = 5;
const TURNS = 10;
/** Rows that nobody ever speaks about, to judge by. */
const FRESH = 1_000;
const CORRECTED_SHARE = 0.3;
const ACCEPTED_SHARE = 0;

/** Banking77: 385 seed labels, then users who correct 30 % of the wrong answers in ten turns. */
export async function banking77Life(folder: string): Promise<Life> {
  const random = seededRandom(SEED);
  const rows = shuffled(await readCsv<{ text: string; label: string }>(join(folder, 'train.csv')), random);
  const seeds: LabelledMessage[] = [];
  const traffic: LabelledMessage[] = [];
  const taken = new Map<string, number>();
  rows.forEach(({ text, label }, i) => {
    const count = taken.get(label) ?? 0;
    taken.set(label, count + 1);
    const message = {
      id: `banking-${i}`,
      text,
      label,
      customer: `customer-${i}`,
      channel: channelOf(i),
      occurredAt: 60 * i,
    };
    (count < SEEDS_A_LABEL ? seeds : traffic).push(message);
  });
  const [fresh, rest] = [traffic.slice(0, FRESH), traffic.slice(FRESH)];
  const size = Math.ceil(rest.length / TURNS);
  return {
    name: 'banking77',
    title: `Banking77: ${seeds.length} seeds, users correct 30 % of the wrong answers over ${TURNS} turns (yardstick .775)`,
    settings: {
      holdoutPercent: 10,
      retrain: { minNewLabels: 25, debounceSeconds: 1, maxWaitSeconds: 10, nightlyHour: null },
    },
    seed: SEED,
    seeds,
    rounds: Array.from({ length: TURNS }, (_, turn) => rest.slice(turn * size, (turn + 1) * size)),
    fresh,
    raterRole: 'user',
    speak: ({ label, customer }, answer, chance) => {
      const share = answer === label ? ACCEPTED_SHARE : CORRECTED_SHARE;
      if (chance.next() >= share) return undefined;
      const kind = answer === label ? 'accept' : 'correction';
      return { raterId: customer, kind, label, roundsLate: 0, comesFirst: chance.next() < 0.1 };
    },
  };
}

/** Two thirds of the answers come from the service, one third from phones. */
const channelOf = (i: number): 'app' | 'web' => (i % 3 === 0 ? 'app' : 'web');

function shuffled<Row>(rows: readonly Row[], random: SeededRandom): Row[] {
  const order = Int32Array.from(rows, (_, i) => i);
  random.shuffle(order);
  return [...order].map((i) => rows[i]!);
}
