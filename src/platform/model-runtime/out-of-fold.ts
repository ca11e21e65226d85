import type { Said } from '../../core/calibration.js';
import type { SnapshotSample } from '../../core/manifest.js';
import { pBetter } from '../../core/paired-test.js';
import { bucketOf } from '../../core/split.js';
import { doubted } from '../../core/suspicion.js';
import {
  isRight,
  type Judgement,
  judgementOn,
  NOT_JUDGED,
  type Question,
  type Verdict,
  verdictOf,
} from './judgement.js';
import type { Told } from './kept-answers.js';
import type { Fit, FitOrder, Learner } from './learner.js';

export const FOLDS = [0, 1, 2, 3] as const;
/** So many folds show whether leaving out doubted labels is worth it; the first alone may show that it is not. */
const TRIAL = 2;
/** Fewer samples cannot be spared for judging each other. */
export const FEWEST = 40;
/** Models that only judge need not be as good as one that serves. */
const EFFORT = 0.3;
/** Fewer doubted labels than this share are those of any model that errs. */
const FEWEST_DOUBTED = 0.02;
/**
 * Gain on labels nobody touched that leaving out must bring before it is believed, and the chance that it is chance. On
 * clean data hard samples look wrong, and leaving them out costs 1 to 2 points: there the gain is below .01 (Banking77,
 * Fashion-MNIST), on a few hundred hard ones it may be .03. With 20 % wrong labels it is .06 to .08 on Banking77, and
 * leaving out wins two thirds of what they cost.
 */
const LEAST_GAIN = 0.03;
/** Where the first fold gains less on so many samples, the second will not make up for it. */
const HOPELESS = { gain: 0.01, samples: 1_000 } as const;
const CHANCE = 0.001;

/** What a model that had not seen them says about samples; undefined for those that were not asked about. */
type Answers = readonly (Said | undefined)[];

export interface Asking {
  readonly learner: Learner;
  readonly samples: readonly SnapshotSample[];
  /** By sample. Near duplicates share a group and so a fold. */
  readonly folds: readonly number[];
  readonly order: Omit<FitOrder, 'members'>;
}

interface Given {
  /** The label that stands for "out of scope". */
  readonly outOfScope?: string | null;
  /** What is told already: no model is learnt then. */
  readonly told?: Told | undefined;
  /** Judges elsewhere than on this thread. */
  readonly judge?: ((question: Question) => Judgement | Promise<Judgement>) | undefined;
}

/**
 * Each fold is answered by a model learnt from the others, from nothing: the parent has seen them all. What a model has
 * learnt by heart cannot hide a wrong label this way, nor make it look surer than it is.
 */
export async function judgeOutOfFold(
  learner: Learner,
  samples: readonly SnapshotSample[],
  order: Omit<FitOrder, 'members'>,
  { outOfScope = null, told, judge = judgementOn }: Given = {},
): Promise<Judgement> {
  const folds = foldsOf(samples);
  if (areTooFew(samples, folds)) return NOT_JUDGED;
  const asking: Asking = { learner, samples, folds, order };
  return judge({ labels: learner.labels, samples, told: told ?? (await tell(asking)), outOfScope });
}

async function tell(asking: Asking): Promise<Told> {
  const answers = (await answersOutOfFold(asking, FOLDS, new Set())) as readonly Said[];
  const cleaned = await withoutDoubted(asking, verdictOf(asking.learner.labels, asking.samples, answers));
  return { answers: cleaned ?? answers, since: [], believed: [], isCleaned: cleaned !== undefined };
}

/** What models say that learnt nothing doubtful, or undefined when that makes them no better. */
async function withoutDoubted(asking: Asking, { answers: first, labels }: Verdict): Promise<Said[] | undefined> {
  const without = new Set(doubted(labels).map(({ sampleId }) => sampleId));
  if (without.size < FEWEST_DOUBTED * first.length) return undefined;
  const look = await answersOutOfFold(asking, FOLDS.slice(0, 1), without);
  const { share: shareAtFirst, samples } = gainOf(look, first);
  if (samples >= HOPELESS.samples && shareAtFirst < HOPELESS.gain) return undefined;
  const trial = merged(look, await answersOutOfFold(asking, FOLDS.slice(1, TRIAL), without));
  const { share, wins, losses } = gainOf(trial, first);
  if (share < LEAST_GAIN || pBetter({ wins, losses }) > CHANCE) return undefined;
  return merged(trial, await answersOutOfFold(asking, FOLDS.slice(TRIAL), without)) as Said[];
}

/** How many more are answered rightly than before, and as a share of those that were asked about. */
function gainOf(answers: Answers, before: readonly Said[]) {
  const asked = [...answers.keys()].filter((i) => answers[i]);
  const wins = asked.filter((i) => isRight(answers[i]!) && !isRight(before[i]!)).length;
  const losses = asked.filter((i) => !isRight(answers[i]!) && isRight(before[i]!)).length;
  return { wins, losses, samples: asked.length, share: (wins - losses) / asked.length };
}

const merged = (some: Answers, rest: Answers): Answers => some.map((said, i) => said ?? rest[i]);

async function answersOutOfFold(
  { learner, samples, folds, order }: Asking,
  asked: readonly number[],
  without: ReadonlySet<string>,
): Promise<Answers> {
  const indexOf = new Map(learner.labels.map((label, i) => [label, i]));
  const said: (Said | undefined)[] = samples.map(() => undefined);
  for (const fold of asked) {
    const fit = await fitWithoutFold({ learner, samples, folds, order }, fold, without);
    folds.forEach((of, i) => {
      if (of !== fold) return;
      said[i] = { probabilities: Float32Array.from(fit.answer(i)), target: indexOf.get(samples[i]!.label)! };
    });
  }
  return said;
}

/** Too few to judge each other. */
export const areTooFew = (samples: readonly SnapshotSample[], folds: readonly number[]): boolean =>
  samples.length < FEWEST || new Set(folds).size < FOLDS.length;

/** A model learnt from all samples but those of a fold, and those to do without: from nothing, and less thoroughly. */
export function fitWithoutFold(
  { learner, samples, folds, order }: Asking,
  fold: number,
  without: ReadonlySet<string> = new Set(),
): Promise<Fit> {
  const isMember = (i: number): boolean => folds[i] !== fold && !without.has(samples[i]!.sampleId);
  const members = Int32Array.from(samples.keys()).filter(isMember);
  const note = `judging labels, fold ${fold + 1} of ${FOLDS.length}${without.size > 0 ? ', without doubted ones' : ''}`;
  const done = fold + (without.size > 0 ? FOLDS.length : 0);
  const onProgress = (fraction: number): void => order.onProgress((done + fraction) / (2 * FOLDS.length), note);
  return learner.fit({ ...order, members, effort: EFFORT, isWarm: false, onProgress });
}

/** By sample. Near duplicates share a group and so a fold. */
export const foldsOf = (samples: readonly SnapshotSample[]): number[] => samples.map(foldOf);

const foldOf = ({ groupHash, sampleId }: SnapshotSample): number => bucketOf(groupHash ?? sampleId, FOLDS.length);
