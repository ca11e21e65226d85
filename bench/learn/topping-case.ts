import { seededRandom } from '../../src/platform/model-runtime/random.js';
import type { LabelsOutOfFold, TrainedModel } from '../../src/platform/model-runtime/types.js';
import type { Found } from './cases.js';
import { banking77, type Labelled, shuffled } from './data.js';
import { accuracy, learn } from './models.js';

const FIRST = 7_500;
const STEP = 100;
const STEPS = 5;
const WRONG = 0.2;

/** Five runs of 100 new labels each: all labels judged anew in each, or only what is new. */
export async function topping(data: string, seed: number): Promise<Found[]> {
  const random = seededRandom(seed);
  const all = shuffled(banking77(data), random);
  const [known, test] = [all.slice(0, FIRST + STEP * STEPS), all.slice(FIRST + STEP * STEPS)];
  const labels = [...new Set(all.map(({ label }) => label))];
  const wrong = known.map((item) =>
    random.next() < WRONG ? { ...item, label: labels[Math.floor(random.next() * labels.length)]! } : item,
  );
  return [...(await both('', known, test, seed)), ...(await both(', 20 % wrong labels', wrong, test, seed))];
}

async function both(name: string, known: readonly Labelled[], test: readonly Labelled[], seed: number) {
  const first = await learn(known.slice(0, FIRST), seed);
  const found = [];
  for (const isAnew of [true, false]) {
    let model = first;
    for (let to = FIRST + STEP; to <= known.length; to += STEP) {
      const kept = isAnew ? null : model.kept;
      model = await learn(known.slice(0, to), seed + to, { parent: model.files, kept });
    }
    const what = `${isAnew ? 'all judged anew' : 'only what is new'}${name}`;
    found.push({ what: `${what}: accuracy`, value: await accuracy(model.files, test) });
    found.push({ what: `${what}: calibration error out of fold`, value: calibrationOf(model) });
    found.push({ what: `${what}: seconds of a run`, value: model.metrics.seconds });
  }
  return found;
}

const calibrationOf = ({ metrics }: TrainedModel): number =>
  (metrics.outOfFold as LabelsOutOfFold).calibrationError.after!;
