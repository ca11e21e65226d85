import { seededRandom } from '../../src/platform/model-runtime/random.js';
import type { Found } from './cases.js';
import { convolutionalModel, FIRST_LAYER } from './convolutional-model.js';
import { fashionMnist, firstOfEach, type Labelled, parted, shuffled } from './data.js';
import { accuracy, accuracyFromPixels, accuracyOnBase, accuracyThawed, learn } from './models.js';

/**
 * A base learnt on half of the classes, then 5 and 10 samples of each of the others, against nothing learnt before. Every
 * draw of the classes is another task, so only the gain within a draw says something.
 */
export async function transfer(data: string, seed: number): Promise<Found[]> {
  const { train, test, isOther } = await halves(data, seed);
  const elsewhere = train.filter((item) => !isOther(item));
  const bases = {
    'network on oriented gradients': { files: (await learn(elsewhere, seed)).files },
    'convolutional network': {
      files: await convolutionalModel(elsewhere, seed),
      outputLayer: 'maps',
    },
  };
  const found: Found[] = [];
  for (const count of [5, 10]) {
    const few = firstOfEach(train.filter(isOther), count).few;
    const others = test.filter(isOther);
    const pixels = await accuracyFromPixels(few, others, seed);
    const gradients = await accuracy((await learn(few, seed)).files, others);
    found.push(
      { what: `${count} a label, from pixels`, value: pixels },
      { what: `${count} a label, oriented gradients`, value: gradients },
    );
    for (const [name, base] of Object.entries(bases)) {
      const value = await accuracyOnBase(base, few, others, seed);
      found.push(
        { what: `${count} a label, ${name} of other classes`, value },
        { what: `${count} a label, ${name}: gained over pixels`, value: value - pixels },
      );
    }
  }
  return found;
}

/** The same convolutional base, frozen and trained on from its first layer, with more and more samples of the new classes. */
export async function thawing(data: string, seed: number): Promise<Found[]> {
  const { train, test, isOther } = await halves(data, seed);
  const files = await convolutionalModel(
    train.filter((item) => !isOther(item)),
    seed,
  );
  const base = { files, outputLayer: 'maps' };
  const others = test.filter(isOther);
  const found: Found[] = [];
  for (const count of [50, 200]) {
    const few = firstOfEach(train.filter(isOther), count).few;
    const frozen = await accuracyOnBase(base, few, others, seed);
    const thawed = await accuracyThawed({ ...base, trainableFrom: FIRST_LAYER }, few, others, seed);
    found.push(
      { what: `${count} a label, frozen`, value: frozen },
      { what: `${count} a label, trained on`, value: thawed },
      { what: `${count} a label, gained`, value: thawed - frozen },
    );
  }
  return found;
}

/** Half of the classes, drawn by the seed, are what others have learnt before. */
async function halves(data: string, seed: number) {
  const classes = shuffled(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'], seededRandom(seed));
  const isOther = ({ label }: Labelled): boolean => classes.indexOf(label) >= 5;
  return { ...parted((await fashionMnist(data)).slice(0, 12_000), seed, 0.2), isOther };
}
