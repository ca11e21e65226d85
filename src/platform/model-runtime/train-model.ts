import type { Input } from '../../core/input.js';
import type { SnapshotSample } from '../../core/manifest.js';
import { decodeDenseModel } from './dense-model.js';
import { choose } from './choose.js';
import { COLD, type Fit, type FitOrder, type Learner } from './learner.js';
import { leavesNothingOut, type Told, toldBefore } from './kept-answers.js';
import type { Lesson } from './lesson.js';
import { openVerified } from './load-model.js';
import { type ModelFacts, sealFiles } from './model-files.js';
import { type Prepared, prepare } from './prepare.js';
import type { OwnBase } from './own-base.js';
import type { ReadSamples } from './read-samples.js';
import { type Thawed, thaw } from './thaw.js';
import { TrainingPace } from './training-pace.js';
import type { Answer, Excluded, Learnt, ModelFiles, ServedModel, TrainedModel, TrainingOptions } from './types.js';

/** What heads are trained by: base SIMD, the same bytes on every machine. */
const HEADS = 'wasm-simd';
const MOST_REPORTED = 20;
/** Share of a run's progress that is over when the labels have been judged. */
const JUDGED = 0.6;
/** So that a run can be cancelled in between. */
const ASKED_AT_ONCE = 64;
/** Where the parent has learnt all but a tenth, more looks and larger steps do no good (docs/learning.md). */
const TOPPING_UP = { effort: 0.3, rate: 0.5 } as const;

/**
 * Trains on all the samples given, from the parent's weights when it is of the same kind and task. The labels are those
 * of the samples and of the parent, in code unit order. The same samples, seed, parent and settings give the same bytes.
 *
 * 1. Read the samples. 2. Weigh them: rare classes, the young and the trusted count more. 3. Choose among candidates by
 * what they say of samples they have not seen. 4. Models that have not seen a sample judge its label, in this run or,
 * where little is new, in those before it: out of that come the labels to leave out, those to ask about, the temperature,
 * and from which confidence on an answer is given; of values, how far off answers are. 5. Learn from the rest, and train
 * a base on where that is wanted.
 */
export async function trainModel(
  all: readonly SnapshotSample[],
  options: TrainingOptions,
  own?: OwnBase,
): Promise<TrainedModel> {
  const startedAt = performance.now();
  const pace = new TrainingPace(options.signal);
  const prepared = await prepare(all, options, pace, own);
  const { read, samples, lesson, order, candidates } = prepared;
  const { learner, choice } = await choose(candidates, { samples, goal: lesson.goal, order: { ...order, ...COLD } });

  const told = learner.isHeir ? await toldByParent(prepared, options, pace) : undefined;
  const { verdict, members, fit } = await judgeAndLearn(prepared, learner, options, told);
  const thawed = own && (await thawOf(own, { read, lesson, learner, members }, options, pace));

  const { labels } = lesson;
  const about = { kind: read.kind, labels, seed: options.seed, backend: HEADS, counts: lesson.counts };
  const facts = { ...about, ...verdict.facts };
  const whole = thawed?.files && new Map([...fit.files, ...thawed.files]);
  const metrics = {
    ...baseOf(read),
    trainSamples: members.length,
    seconds: (performance.now() - startedAt) / 1000,
    finalLoss: fit.finalLoss,
    epochs: fit.epochs,
    ...verdict.metrics,
    ...(choice && { choice }),
    ...(thawed && { thawing: thawed.report }),
    ...reported(read.excluded),
  };
  const files = whole
    ? sealFiles(whole, { ...facts, thawedFrom: thawed.report.from })
    : sealFiles(await withBase(fit.files, facts, own), facts);
  // On a project's own base the next run asks no parent.
  const kept = isOnBase(read) ? null : verdict.kept;
  return { kind: read.kind, labels, files, backend: HEADS, metrics, map: verdict.map, kept };
}

/** What the parent and its run say of samples that they had not seen; on a project's own base, and of values, nothing. */
async function toldByParent(
  { read, samples, lesson, parent }: Prepared,
  { kept }: TrainingOptions,
  pace: TrainingPace,
): Promise<Told | undefined> {
  if (!kept || !parent || isOnBase(read)) return undefined;
  const model = await openVerified(parent.files, parent.manifest);
  try {
    return await toldBefore(samples, lesson.labels, kept, (inputs) => askSlowly(model, inputs, pace));
  } finally {
    model.dispose();
  }
}

async function askSlowly(model: ServedModel, inputs: readonly Input[], pace: TrainingPace): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let from = 0; from < inputs.length; from += ASKED_AT_ONCE) {
    answers.push(...(await model.predict(inputs.slice(from, from + ASKED_AT_ONCE))));
    await pace.breathe();
  }
  return answers;
}

/** To make room for a label that is new a network needs all looks; a linear model of texts does better with few. */
const isToppingUp = ({ read, lesson, parent }: Prepared): boolean =>
  read.kind === 'text' || lesson.labels.every((label) => parent?.labels.includes(label));

/** What is judged and what is learnt, at once where what was told leaves nothing out. */
async function judgeAndLearn(prepared: Prepared, learner: Learner, options: TrainingOptions, told: Told | undefined) {
  const { samples, lesson, order } = prepared;
  const hooks = { onProgress: part(options.onProgress, JUDGED, 1), signal: options.signal };
  const learning = { ...order, ...hooks, ...(told && isToppingUp(prepared) && TOPPING_UP) };
  const everything = Int32Array.from(samples.keys());
  const judging = { ...order, onProgress: part(options.onProgress, 0, JUDGED) };
  if (leavesNothingOut(told)) {
    const [verdict, fit] = await Promise.all([
      lesson.judge(learner, judging, told),
      learner.fit({ ...learning, members: everything }),
    ]);
    return { verdict, members: everything, fit: learntBy(fit, verdict) };
  }
  const ahead = told ? undefined : aheadOf(prepared, learner, options);
  const verdict = await lesson.judge(learner, judging, told);
  const members = everything.filter((i) => !verdict.pruned.has(samples[i]!.sampleId));
  // Learnt beside the judging already, where none is left out, as mostly.
  const early = verdict.pruned.size === 0 ? await ahead?.learnt(verdict.temperature, hooks) : undefined;
  await ahead?.stop();
  return { verdict, members, fit: early ?? learntBy(await learner.fit({ ...learning, members }), verdict) };
}

/** What is learnt beside the judging, where somebody can; on a project's own base reading is too dear to be done twice. */
function aheadOf({ read, samples }: Prepared, { name }: Learner, { fitAhead, ...options }: TrainingOptions) {
  if (isOnBase(read)) return undefined;
  const { seed, settings, parent } = options;
  return fitAhead?.({ samples, candidate: name, seed, settings, ...(parent && { parent }) });
}

const learntBy = ({ finalLoss, epochs, files }: Fit, { temperature }: { readonly temperature: number }): Learnt => ({
  finalLoss,
  epochs,
  files: files(temperature),
});

const isOnBase = ({ inputs }: ReadSamples): boolean => inputs?.kind === 'base';

const baseOf = ({ inputs }: ReadSamples) => (inputs?.kind === 'base' ? { base: inputs.hash } : {});

interface Lessons {
  readonly read: ReadSamples;
  readonly lesson: Lesson;
  readonly learner: Learner;
  readonly members: Int32Array;
}

/** The base trained on together with its head, where the project wants that; values are learnt on a frozen one. */
async function thawOf(
  { base, inputs }: OwnBase,
  { read, lesson, learner, members }: Lessons,
  { seed, onProgress }: TrainingOptions,
  pace: TrainingPace,
): Promise<Thawed | undefined> {
  const from = inputs.spec.trainableFrom;
  const { targets, labels } = lesson.goal;
  if (!from || read.inputs?.kind !== 'base' || targets instanceof Float32Array) return undefined;
  const samples = read.usable.map(({ sample }) => sample);
  const { importance } = lesson;
  const headOn = async (some: Int32Array, effort: number) => {
    const fit = await learner.fit({ importance, seed, effort, ...COLD, members: some });
    return decodeDenseModel(fit.files(1), labels).network;
  };
  const progress = part(onProgress, JUDGED, 1);
  return thaw({ base, from, samples, targets, importance, members, seed, headOn, onProgress: progress }, pace);
}

/** A model on a project's own base becomes one LayersModel with it, where TensorFlow.js can continue the base. */
async function withBase(
  files: ModelFiles,
  { labels, task }: Pick<ModelFacts, 'labels' | 'task'>,
  own: OwnBase | undefined,
): Promise<ModelFiles> {
  if (!own || !files.has('head.bin') || task === 'regression') return files;
  const whole = await own.base.withHead(decodeDenseModel(files, labels).network);
  return whole ? new Map([...files, ...whole]) : files;
}

/** Progress of a part of the run as progress of the whole. */
const part =
  (onProgress: FitOrder['onProgress'], from: number, to: number): FitOrder['onProgress'] =>
  (fraction, note) =>
    onProgress(from + (to - from) * fraction, note);

/** How many samples could not be read, and the first of them with their reasons; nothing when all could. */
const reported = (excluded: readonly Excluded[]) =>
  excluded.length > 0 ? { excluded: { samples: excluded.length, first: excluded.slice(0, MOST_REPORTED) } } : {};
