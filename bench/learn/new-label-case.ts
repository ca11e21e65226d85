import { seededRandom } from '../../src/platform/model-runtime/random.js';
import type { Found } from './cases.js';
import { banking77, type Labelled, shuffled } from './data.js';
import { accuracy, learn } from './models.js';

const FIRST = 7_500;
const STEP = 100;
const NEW_LABELS = 3;

interface Known {
  /** Of labels that are known from the start: those learnt first, then those that come beside new labels. */
  readonly first: readonly Labelled[];
  readonly beside: readonly Labelled[];
  /** Of each new label. */
  readonly fresh: readonly (readonly Labelled[])[];
}

/** Three runs of 100 corrections, each with some of a label that no model knows: all judged anew, or it is believed. */
export async function newLabels(data: string, seed: number): Promise<Found[]> {
  const random = seededRandom(seed);
  const all = shuffled(banking77(data), random);
  const names = shuffled([...new Set(all.map(({ label }) => label))], random).slice(0, NEW_LABELS);
  const old = all.filter(({ label }) => !names.includes(label));
  const own = names.map((name) => all.filter(({ label }) => label === name));
  const halves = (isLearnt: boolean) => own.map((some) => some.filter((_, i) => (i % 2 === 1) === isLearnt));
  const learntFrom = FIRST + STEP * NEW_LABELS;
  const known = { first: old.slice(0, FIRST), beside: old.slice(FIRST, learntFrom), fresh: halves(true) };
  const test = { old: old.slice(learntFrom), fresh: halves(false) };
  const first = await learn(known.first, seed);
  const found: Found[] = [];
  for (const count of [5, 30]) found.push(...(await both(first, known, test, { count, seed })));
  return found;
}

async function both(
  first: Awaited<ReturnType<typeof learn>>,
  known: Known,
  test: { readonly old: readonly Labelled[]; readonly fresh: readonly (readonly Labelled[])[] },
  { count, seed }: { readonly count: number; readonly seed: number },
): Promise<Found[]> {
  const found: Found[] = [];
  for (const isAnew of [true, false]) {
    let [model, learnt, seconds] = [first, known.first, 0];
    for (const [step, fresh] of known.fresh.entries()) {
      const beside = known.beside.slice(step * STEP, (step + 1) * STEP - count);
      learnt = [...learnt, ...beside, ...fresh.slice(0, count)];
      model = await learn(learnt, seed + step, { parent: model.files, kept: isAnew ? null : model.kept });
      seconds += model.metrics.seconds / NEW_LABELS;
    }
    const what = `${count} of a new label, ${isAnew ? 'all judged anew' : 'the label believed'}`;
    found.push({ what: `${what}: accuracy on old labels`, value: await accuracy(model.files, test.old) });
    found.push({ what: `${what}: accuracy on new labels`, value: await accuracy(model.files, test.fresh.flat()) });
    found.push({ what: `${what}: seconds of a run`, value: seconds });
  }
  return found;
}
