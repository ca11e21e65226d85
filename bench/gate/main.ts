import { parseArgs } from 'node:util';
import { type Bout, decidePromotion, movesAnchor, type Slice } from '../../src/core/promotion.js';
import { type Pair, sequentialTest } from '../../src/core/sequential-test.js';
import { DEFAULT_SETTINGS } from '../../src/core/settings.js';
import { type SeededRandom, seededRandom } from '../../src/platform/model-runtime/random.js';
import { markdownTable } from '../table.js';

/*
 * npm run bench:gate [-- --nights 1000]: how often the gate promotes and blocks, simulated with known truth. Two models
 * differ on one answer in ten; twenty labels are as frequent as each other.
 */

const DIFFER = 0.1;
const LABELS = 20;
const ACCURACY = 0.85;
const settings = DEFAULT_SETTINGS.promotion;

/** A night on `golden` samples with a challenger that is better by `gain` (share of all answers). */
function boutOf(golden: number, gain: number, random: SeededRandom): Bout {
  const won = (DIFFER + gain) / 2;
  const slices: { name: string; samples: number; wins: number; losses: number }[] = [
    ...Array.from({ length: LABELS }, (_, i) => ({ name: `label ${i}`, samples: 0, wins: 0, losses: 0 })),
    { name: 'older half', samples: 0, wins: 0, losses: 0 },
  ];
  let [wins, losses] = [0, 0];
  for (let i = 0; i < golden; i += 1) {
    const chance = random.next();
    const win = chance < won ? 1 : 0;
    const loss = chance >= won && chance < DIFFER ? 1 : 0;
    wins += win;
    losses += loss;
    for (const slice of [slices[Math.floor(random.next() * LABELS)]!, ...(i % 2 ? [slices[LABELS]!] : [])]) {
      slice.samples += 1;
      slice.wins += win;
      slice.losses += loss;
    }
  }
  const correct = Math.round(ACCURACY * golden);
  const score = (version: number, of: number) => ({ version, correct: of, accuracy: of / golden });
  const large = slices.filter(({ samples }) => samples >= 20) as Slice[];
  return {
    ...{ samples: golden, majorityCorrect: 1, wins, losses, slices: large },
    challenger: score(2, correct + wins - losses),
    champion: score(1, correct),
  };
}

function promotedShare(nights: number, golden: number, gain: number): string {
  const random = seededRandom(golden + Math.round(gain * 1e4));
  let promoted = 0;
  for (let night = 0; night < nights; night += 1) {
    const bout = boutOf(golden, gain, random);
    if (decidePromotion({ ...bout, golden: bout }, settings).promoted) promoted += 1;
  }
  return (promoted / nights).toFixed(3);
}

/** Each night's challenger is worse than the champion by `drop`; what is lost in the end, with and without the anchor. */
function poisoned(
  nights: number,
  golden: number,
  drop: number,
  hasAnchor: boolean,
): { lost: number; promoted: number } {
  const random = seededRandom(golden);
  let [level, anchorLevel, promoted] = [0, 0, 0];
  for (let night = 0; night < nights; night += 1) {
    const bout = boutOf(golden, -drop, random);
    const anchor = { version: 1, ...discordant(golden, level - drop - anchorLevel, random) };
    const decision = decidePromotion({ ...bout, golden: bout, anchor: hasAnchor ? anchor : null }, settings);
    if (!decision.promoted) continue;
    level -= drop;
    promoted += 1;
    if (movesAnchor(decision, anchor, settings.alpha)) anchorLevel = level;
  }
  return { lost: -level, promoted };
}

function discordant(golden: number, gain: number, random: SeededRandom): { wins: number; losses: number } {
  const differ = Math.max(DIFFER, Math.abs(gain));
  let [wins, losses] = [0, 0];
  for (let i = 0; i < golden; i += 1) {
    const chance = random.next();
    if (chance < (differ + gain) / 2) wins += 1;
    else if (chance < differ) losses += 1;
  }
  return { wins, losses };
}

/** Share of champions that the watch takes back, and after how many verified samples, by how much worse they are. */
function watched(rounds: number, gain: number): { taken: string; after: string } {
  const random = seededRandom(7 + Math.round(gain * 1e4));
  const results = Array.from({ length: rounds }, () => {
    const pairs = Array.from({ length: 5_000 }, (): Pair => {
      const chance = random.next();
      const won = chance < (DIFFER + gain) / 2;
      return { isRight: won || chance >= DIFFER, wasRight: !won };
    });
    return sequentialTest(pairs);
  });
  const taken = results.filter(({ verdict }) => verdict === 'worse');
  const mean = taken.reduce((sum, { samples }) => sum + samples, 0) / Math.max(1, taken.length);
  return { taken: (taken.length / rounds).toFixed(3), after: taken.length > 0 ? mean.toFixed(0) : '-' };
}

const { values } = parseArgs({ options: { nights: { type: 'string', default: '1000' } } });
const nights = Number(values.nights);
const gains = [-0.05, -0.02, 0, 0.02, 0.05];
const sizes = [150, 300, 600, 1_000];
const percent = (share: number): string => `${share > 0 ? '+' : ''}${(100 * share).toFixed(1)} points`;

const rows = sizes.map((golden) => [String(golden), ...gains.map((gain) => promotedShare(nights, golden, gain))]);
process.stdout.write(`Promoted, of ${nights} nights, by how much better the challenger truly is\n\n`);
process.stdout.write(`${markdownTable(['golden samples', ...gains.map(percent)], rows)}\n\n`);

const drops = [0.002, 0.005, 0.01];
const poison = drops.flatMap((drop) =>
  [150, 300, 600].map((golden) => {
    const [without, with_] = [poisoned(nights, golden, drop, false), poisoned(nights, golden, drop, true)];
    return [percent(-drop), String(golden), percent(-without.lost), percent(-with_.lost), String(with_.promoted)];
  }),
);
process.stdout.write(`A stream that is poisoned a little every night, ${nights} nights\n\n`);
const head = ['a night', 'golden samples', 'lost without the anchor', 'lost', 'promotions'];
process.stdout.write(`${markdownTable(head, poison)}\n\n`);

const watches = gains.map((gain) => [percent(gain), ...Object.values(watched(nights, gain))]);
process.stdout.write('The watch after a promotion\n\n');
process.stdout.write(
  `${markdownTable(['champion against its predecessor', 'taken back', 'after verified samples'], watches)}\n`,
);
