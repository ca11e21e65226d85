import { join } from 'node:path';
import { seededRandom } from '../../src/platform/model-runtime/random.js';
import type { Found } from './cases.js';
import { clinc150, type Labelled, parted, readCsv, shuffled, textOf } from './data.js';
import { answers, learn } from './models.js';

/* What to do with inputs that none of the labels fits: one more label, or a threshold below which nothing is answered. */

const OUT_OF_SCOPE = 'oos';

/** Both ways on the same samples: everything right, in scope right, out of scope recognised. */
async function bothWays(train: readonly Labelled[], test: readonly Labelled[], seed: number) {
  const found: Found[] = [];
  for (const [way, outOfScope] of [
    ['a label', null],
    ['a threshold', OUT_OF_SCOPE],
  ] as const) {
    const { files } = await learn(train, seed, { outOfScope });
    const given = await answers(files, test);
    const isRight = test.map(({ label }, i) => given[i]!.label === label);
    const share = (of: (label: string) => boolean): number => {
      const members = [...test.keys()].filter((i) => of(test[i]!.label));
      return members.filter((i) => isRight[i]).length / members.length;
    };
    found.push(
      { what: `${way}: all`, value: share(() => true) },
      { what: `${way}: in scope`, value: share((label) => label !== OUT_OF_SCOPE) },
      { what: `${way}: out of scope recognised`, value: share((label) => label === OUT_OF_SCOPE) },
    );
  }
  return found;
}

export async function scopeOfClinc(data: string, seed: number): Promise<Found[]> {
  const { train, validation } = clinc150(data);
  return bothWays(shuffled(train, seededRandom(seed)), validation, seed);
}

/** Authored sentences and half of the real traffic to learn from, the other half to test. */
export async function hint3(data: string, seed: number): Promise<Found[]> {
  const found: Found[] = [];
  for (const bot of ['sofmattress', 'curekart']) {
    const authored = readCsv(join(data, 'hint3', bot, 'train_v1.csv')).map(textOf);
    const traffic = readCsv(join(data, 'hint3', bot, 'traffic.csv')).map(({ text, label_v1: label }) =>
      textOf({ text: text!, label: label! }),
    );
    const { train, test } = parted(traffic, seed, 0.5);
    const ways = await bothWays([...authored, ...train], test, seed);
    found.push(...ways.map(({ what, value }) => ({ what: `${bot}, out of scope is ${what}`, value })));
  }
  return found;
}
