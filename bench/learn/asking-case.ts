import type { Found } from './cases.js';
import { banking77, firstOfEach, parted } from './data.js';
import { answers, learn } from './models.js';

/* What `standInBelow` costs people, and what users get for it: a person is asked where the model is less sure than that. */

const BELOW = [0.4, 0.6, 0.8];

/** With few and with all samples: of how much people are asked, and how much is right with them, who are taken to be. */
export async function asking(data: string, seed: number): Promise<Found[]> {
  const { train, test } = parted(banking77(data), seed, 0.1);
  const found: Found[] = [];
  for (const [amount, known] of [
    ['10 a label', firstOfEach(train, 10).few],
    ['30 a label', firstOfEach(train, 30).few],
    ['all', train],
  ] as const) {
    const given = await answers((await learn(known, seed)).files, test);
    const isRight = given.map(({ label }, i) => label === test[i]!.label);
    found.push({ what: `${amount}: right`, value: isRight.filter(Boolean).length / test.length });
    for (const below of BELOW) {
      const isOwn = given.map(({ confidence }) => confidence >= below);
      const own = isOwn.filter(Boolean).length;
      const wrong = isOwn.filter((its, i) => its && !isRight[i]).length;
      found.push(
        { what: `${amount}, below ${below}: asked`, value: 1 - own / test.length },
        { what: `${amount}, below ${below}: right of its own answers`, value: 1 - wrong / own },
        { what: `${amount}, below ${below}: right in all`, value: 1 - wrong / test.length },
      );
    }
  }
  return found;
}
