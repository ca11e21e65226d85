import { seededRandom } from '../../src/platform/model-runtime/random.js';
import type { Found } from './cases.js';
import { convolutionalModel } from './convolutional-model.js';
import { fashionMnist, firstOfEach, type Labelled, parted, shuffled } from './data.js';
import { accuracy, accuracyFromPixels, accuracyOnBase, learn } from './models.js';

/** TensorFlow.js needs some 25 ms a sample and epoch for its gradients in plain JavaScript. */
const FOR_CONVOLUTIONS = 2_000;

/**
 * A base learnt on half of the classes, then 5 and 10 samples of each of the others, against nothing learnt before. Every
 * draw of the classes is another task, so only the gain within a draw says something.
 */
export async function transfer(data: string, seed: number): Promise<Found[]> {
  const classes = shuffled(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'], seededRandom(seed));
  const isOther = ({ label }: Labelled): boolean => classes.indexOf(label) >= 5;
  const { train, test } = parted((await fashionMnist(data)).slice(0, 12_000), seed, 0.2);
  const elsewhere = train.filter((item) => !isOther(item));
  const bases = {
    'network on oriented gradients': { files: (await learn(elsewhere, seed)).files },
    'convolutional network': {
      files: await convolutionalModel(elsewhere.slice(0, FOR_CONVOLUTIONS), seed),
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
