import { type SeededRandom, seededRandom } from '../../src/platform/model-runtime/random.js';
import type { ModelFiles } from '../../src/platform/model-runtime/types.js';
import { asking } from './asking-case.js';
import { banking77, clinc150, elec2, fashionMnist, firstOfEach, type Labelled, parted, shuffled } from './data.js';
import { hint3, scopeOfClinc } from './scope-cases.js';
import { accuracy, answers, learn, learnNaively } from './models.js';
import { thawing, transfer } from './transfer-case.js';
import { newLabels } from './new-label-case.js';
import { topping } from './topping-case.js';
import { demand } from './value-cases.js';

/** One number of one case under one seed. */
export interface Found {
  readonly what: string;
  readonly value: number;
}

export interface Case {
  readonly folder: string;
  readonly title: string;
  /** The same seed, the same numbers. */
  run(data: string, seed: number): Promise<Found[]>;
}

const inScope = ({ label }: Labelled): boolean => label !== 'oos';

async function bankingFull(data: string, seed: number): Promise<Found[]> {
  const { train, test } = parted(banking77(data), seed, 0.1);
  return [{ what: '90 % to learn, 10 % to test', value: await accuracy((await learn(train, seed)).files, test) }];
}

async function fewShots(data: string, seed: number): Promise<Found[]> {
  const { train, test } = parted(banking77(data), seed, 0.1);
  const found: Found[] = [];
  for (const count of [5, 10, 30]) {
    const { files } = await learn(firstOfEach(train, count).few, seed);
    found.push({ what: `${count} a label`, value: await accuracy(files, test) });
  }
  return found;
}

async function clincInScope(data: string, seed: number): Promise<Found[]> {
  const { train, validation } = clinc150(data);
  const { files } = await learn(shuffled(train.filter(inScope), seededRandom(seed)), seed);
  return [{ what: 'in scope', value: await accuracy(files, validation.filter(inScope)) }];
}

async function fashion(data: string, seed: number): Promise<Found[]> {
  const { train, test } = parted(await fashionMnist(data), seed, 0.1);
  return [{ what: '18,000 to learn, 2,000 to test', value: await accuracy((await learn(train, seed)).files, test) }];
}

const TURNS = 10;
const SEEDS_A_LABEL = 5;
/** Share of the wrong answers that users correct. */
const CORRECTED = 0.3;

/** Ten turns of the loop: the model answers the turn's traffic, users correct some of what is wrong, it learns. */
async function loopOfCorrections(data: string, seed: number, careless: number): Promise<number> {
  const { train, test } = parted(banking77(data), seed, 0.1);
  const { few, rest } = firstOfEach(train, SEEDS_A_LABEL);
  const random = seededRandom(seed);
  const labels = [...new Set(train.map(({ label }) => label))];
  const known = [...few];
  let model = await learn(known, seed);
  for (let turn = 0; turn < TURNS; turn += 1) {
    const traffic = rest.filter((_, i) => i % TURNS === turn);
    const said = await answers(model.files, traffic);
    traffic.forEach((item, i) => {
      if (said[i]!.label === item.label || random.next() >= CORRECTED) return;
      known.push(random.next() < careless ? { ...item, label: anyOf(labels, random) } : item);
    });
    model = await learn(known, seed + turn, { parent: model.files, kept: model.kept });
  }
  return accuracy(model.files, test);
}

const anyOf = (labels: readonly string[], random: SeededRandom): string =>
  labels[Math.floor(random.next() * labels.length)]!;

async function corrections(data: string, seed: number): Promise<Found[]> {
  return [
    { what: 'users correct 30 % of the wrong answers', value: await loopOfCorrections(data, seed, 0) },
    { what: 'and are careless in 15 % of them', value: await loopOfCorrections(data, seed, 0.15) },
  ];
}

const WRONG = 0.2;

/** 20 % wrong labels: any other one, or always the one that the label is most often taken for. */
async function noise(data: string, seed: number): Promise<Found[]> {
  const { train, test } = parted(banking77(data), seed, 0.1);
  const labels = [...new Set(train.map(({ label }) => label))].sort();
  const partnerOf = await partners(train, labels, seed);
  const kinds: Record<string, (label: string, random: SeededRandom) => string> = {
    'any other label': (label, random) =>
      anyOf(
        labels.filter((other) => other !== label),
        random,
      ),
    'the most alike label': (label) => partnerOf.get(label)!,
  };
  const found = [{ what: 'no wrong labels', value: await accuracy((await learn(train, seed)).files, test) }];
  for (const [kind, wrong] of Object.entries(kinds)) {
    const random = seededRandom(seed);
    const noisy = train.map((item) => (random.next() < WRONG ? { ...item, label: wrong(item.label, random) } : item));
    found.push({ what: `20 % ${kind}, naively`, value: await accuracy(await learnNaively(noisy, seed), test) });
    found.push({ what: `20 % ${kind}`, value: await accuracy((await learn(noisy, seed)).files, test) });
  }
  return found;
}

/** What each label is most often taken for by a model that saw the other half. */
async function partners(items: readonly Labelled[], labels: readonly string[], seed: number) {
  const half = Math.floor(items.length / 2);
  const said = await answers(await learnNaively(items.slice(0, half), seed), items.slice(half));
  return new Map(
    labels.map((label) => {
      const taken = labels.map((other) =>
        items.slice(half).reduce((sum, item, i) => sum + (item.label === label ? (said[i]!.scores[other] ?? 0) : 0), 0),
      );
      taken[labels.indexOf(label)] = -1;
      return [label, labels[taken.indexOf(Math.max(...taken))]!];
    }),
  );
}

/** Classes arrive two at a time. */
async function sortedClasses(data: string, seed: number): Promise<Found[]> {
  const { train, test } = parted((await fashionMnist(data)).slice(0, 10_000), seed, 0.1);
  let [replayed, naive]: (ModelFiles | undefined)[] = [undefined, undefined];
  for (const last of [1, 3, 5, 7, 9]) {
    const fresh = train.filter(({ label }) => Number(label) === last || Number(label) === last - 1);
    replayed = (
      await learn(
        train.filter(({ label }) => Number(label) <= last),
        seed,
        { parent: replayed },
      )
    ).files;
    naive = (await learn(fresh, seed, { parent: naive })).files;
  }
  return [
    { what: 'with replay', value: await accuracy(replayed!, test) },
    { what: 'the new classes alone (the gate must block this one)', value: await accuracy(naive!, test) },
  ];
}

const A_DAY = 48;
const REMEMBERED = 2_000;

/** Test, then train: every week on the last 2,000 rows whose labels are a day old. */
async function lateLabels(data: string, seed: number): Promise<Found[]> {
  const stream = elec2(data);
  let files: ModelFiles | undefined;
  let [right, asked] = [0, 0];
  for (let now = REMEMBERED; now < stream.length; now += 7 * A_DAY) {
    const known = stream.slice(Math.max(0, now - A_DAY - REMEMBERED), now - A_DAY);
    files = (await learn(known, seed, { parent: files })).files;
    const week = stream.slice(now, now + 7 * A_DAY);
    right += (await accuracy(files, week)) * week.length;
    asked += week.length;
  }
  return [{ what: 'labels a day late, learning once a week', value: right / asked }];
}

const REVIEWED = 300;
const ROUNDS = 9;
const AIM = 0.82;

/** How many labels it takes to reach an accuracy, by what is asked about next. */
async function reviewQueue(data: string, seed: number): Promise<Found[]> {
  const { train, test } = parted(banking77(data), seed, 0.1);
  const needed = async (pick: (pool: Labelled[], files: ModelFiles) => Promise<Labelled[]>): Promise<number> => {
    const start = firstOfEach(train, 2);
    const known = start.few;
    let pool = start.rest;
    let before = { labels: 0, value: 0 };
    for (let round = 0; round <= ROUNDS; round += 1) {
      const files = await learnNaively(known, seed);
      const value = await accuracy(files, test);
      if (value >= AIM) {
        const share = (AIM - before.value) / (value - before.value);
        return before.labels + share * (known.length - before.labels);
      }
      before = { labels: known.length, value };
      const chosen = new Set((await pick(pool, files)).slice(0, REVIEWED));
      known.push(...chosen);
      pool = pool.filter((item) => !chosen.has(item));
    }
    return Infinity;
  };
  const random = seededRandom(seed);
  const byChance = await needed(async (pool) => shuffled(pool, random));
  const byMargin = await needed(async (pool, files) => {
    const margins = (await answers(files, pool)).map(({ scores }) => {
      const [best, second] = Object.values(scores).sort((a, b) => b - a);
      return best! - second!;
    });
    return [...pool.keys()].sort((a, b) => margins[a]! - margins[b]!).map((i) => pool[i]!);
  });
  return [
    { what: `labels for ${AIM}, asked by chance`, value: byChance },
    { what: `labels for ${AIM}, the least certain first`, value: byMargin },
    { what: 'share of labels saved', value: 1 - byMargin / byChance },
  ];
}

export const CASES: Readonly<Record<string, Case>> = {
  banking: { folder: 'banking77', title: 'Banking77, all data', run: bankingFull },
  few: { folder: 'banking77', title: 'Banking77, few samples', run: fewShots },
  scope: { folder: 'clinc150', title: 'CLINC150, out of scope', run: scopeOfClinc },
  clinc: { folder: 'clinc150', title: 'CLINC150', run: clincInScope },
  fashion: { folder: 'fashion-mnist', title: 'Fashion-MNIST', run: fashion },
  corrections: { folder: 'banking77', title: 'Banking77, 385 samples and ten turns of the loop', run: corrections },
  topping: { folder: 'banking77', title: 'Banking77, judged anew or not', run: topping },
  newcomers: { folder: 'banking77', title: 'Banking77, labels that are new', run: newLabels },
  noise: { folder: 'banking77', title: 'Banking77 with wrong labels', run: noise },
  sorted: { folder: 'fashion-mnist', title: 'Fashion-MNIST, classes in order', run: sortedClasses },
  elec2: { folder: 'elec2', title: 'Elec2', run: lateLabels },
  demand: { folder: 'elec2', title: 'Elec2, demand as a value', run: demand },
  hint3: { folder: 'hint3', title: 'HINT3', run: hint3 },
  transfer: { folder: 'fashion-mnist', title: 'Fashion-MNIST, five new classes', run: transfer },
  thawing: { folder: 'fashion-mnist', title: 'Fashion-MNIST, a base trained on', run: thawing },
  review: { folder: 'banking77', title: 'Banking77, what to ask about', run: reviewQueue },
  asking: { folder: 'banking77', title: 'Banking77, a person where it is unsure', run: asking },
};
