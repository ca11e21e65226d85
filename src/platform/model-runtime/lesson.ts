import type { SnapshotSample } from '../../core/manifest.js';
import type { SampleMap } from '../../core/projection.js';
import { sampleWeights } from '../../core/sample-weight.js';
import { valueOf } from '../../core/task.js';
import { TrainingRefused } from './errors.js';
import { type Goal, labelGoal, valueGoal } from './goal.js';
import { judgeValues } from './judge-values.js';
import { type KeptAnswers, leavesNothingOut, type Told } from './kept-answers.js';
import type { FitOrder, Learner } from './learner.js';
import { countLabels, type ModelFacts, type ModelManifest } from './model-files.js';
import { type Judgement, NOT_JUDGED } from './judgement.js';
import { judgeOutOfFold } from './out-of-fold.js';
import type { ModelFiles, TrainingMetrics, TrainingOptions } from './types.js';

/** Stands for labels of the parent that are no more: no label is empty. */
export const RETIRED = '';

export interface Parent {
  readonly files: ModelFiles;
  /** What the files were found to be. */
  readonly manifest: ModelManifest;
  /** Of its columns, as they are called today. */
  readonly labels: readonly string[];
}

/** What models that had not seen the samples say about them, and what follows from it. */
interface Verdict {
  /** Ids of samples to leave out. */
  readonly pruned: ReadonlySet<string>;
  readonly temperature: number;
  /** What the manifest says of it. */
  readonly facts: Pick<ModelFacts, 'outOfScope' | 'task' | 'width'>;
  readonly metrics: Pick<TrainingMetrics, 'outOfFold' | 'outOfScope'>;
  readonly map: SampleMap | null;
  /** For the next run; null where there is nothing to keep. */
  readonly kept: KeptAnswers | null;
}

/** What is to be learnt, how much each sample counts, and how to judge what is said. */
export interface Lesson {
  readonly goal: Goal;
  /** Of the model; a regression has none. */
  readonly labels: readonly string[];
  /** Samples of each. */
  readonly counts: Readonly<Record<string, number>>;
  readonly importance: Float32Array;
  /** @param told already, without learning anything */
  judge(learner: Learner, order: Omit<FitOrder, 'members'>, told?: Told): Promise<Verdict>;
}

export const lessonOf = (
  samples: readonly SnapshotSample[],
  options: TrainingOptions,
  parent: Parent | undefined,
): Lesson => (options.settings.task === 'regression' ? valuesOf(samples, options) : labelsOf(samples, options, parent));

function labelsOf(
  samples: readonly SnapshotSample[],
  { settings, judgeBeside }: TrainingOptions,
  parent: Parent | undefined,
): Lesson {
  const counts = countLabels(samples);
  const inherited = parent?.labels.filter((label) => label !== RETIRED) ?? [];
  const labels = [...new Set([...counts.keys(), ...inherited])].sort();
  const outOfScope = settings.labels?.outOfScope ?? null;
  return {
    goal: labelGoal(samples, labels),
    labels,
    counts: Object.fromEntries(counts),
    importance: sampleWeights(samples, settings),
    judge: async (learner, order, told) => {
      const judge = leavesNothingOut(told) ? judgeBeside : undefined;
      const judgement = await judgeOutOfFold(learner, samples, order, { outOfScope, told, judge });
      return { ...judgement, facts: refusal(judgement, outOfScope), metrics: judged(judgement) };
    },
  };
}

function valuesOf(samples: readonly SnapshotSample[], { settings }: TrainingOptions): Lesson {
  const values = samples.map(({ label }) => valueOf(label));
  const wrong = values.findIndex(Number.isNaN);
  if (wrong >= 0)
    throw new TrainingRefused(`"${samples[wrong]!.label}" is no number, and this project is a regression`);
  const ofOneClass = samples.map((sample) => ({ ...sample, label: '' }));
  return {
    goal: valueGoal(values),
    labels: [],
    counts: {},
    importance: sampleWeights(ofOneClass, settings),
    judge: async (learner, order) => {
      const task = 'regression' as const;
      const judged = await judgeValues(learner, samples, order);
      if (!judged) return { ...NOT_JUDGED, facts: { task }, metrics: {} };
      const { outOfFold, map } = judged;
      const width = { halfWidth: outOfFold.halfWidth, level: outOfFold.level };
      return { ...NOT_JUDGED, facts: { task, width }, metrics: { outOfFold }, map };
    },
  };
}

function judged(judgement: Judgement): Verdict['metrics'] {
  if (judgement === NOT_JUDGED) return {};
  const { pruned, outOfScope, map: _map, kept, ...rest } = judgement;
  return {
    outOfFold: { ...rest, pruned: pruned.size, samples: kept!.ids.length - kept!.since.length },
    ...(outOfScope ? { outOfScope } : {}),
  };
}

/** What the manifest says about refusing; nothing where refusing would not pay. */
const refusal = ({ outOfScope }: Judgement, label: string | null): Verdict['facts'] =>
  label !== null && outOfScope && outOfScope.threshold > 0
    ? { outOfScope: { label, threshold: outOfScope.threshold } }
    : {};
