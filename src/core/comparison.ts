import { accuracyOf, type ClassReport, classReports, type ConfusionMatrix, confusionOf } from './confusion.js';
import type { Comparison, ModelScore } from './promotion.js';

/** What a model answered on the holdout. */
export interface HoldoutAnswers {
  readonly version: number;
  /** One label a sample, in the order of the samples. */
  readonly answers: readonly string[];
}

export interface ModelReport extends ModelScore {
  readonly confusion: ConfusionMatrix;
  readonly classes: readonly ClassReport[];
}

/** A comparison with everything a person wants to look at. */
export interface EvaluationReport extends Comparison {
  readonly challenger: ModelReport;
  readonly champion: ModelReport | null;
  /** Samples that were right and would turn wrong, at most {@link MAX_LISTED_FLIPS}. */
  readonly negativeFlips: readonly string[];
}

const MAX_LISTED_FLIPS = 200;

/** Champion and challenger on the same samples. */
export function compare(
  samples: readonly { readonly sampleId: string; readonly label: string }[],
  challenger: HoldoutAnswers,
  champion: HoldoutAnswers | null,
): EvaluationReport {
  const isRight = ({ answers }: HoldoutAnswers, i: number) => answers[i] === samples[i]!.label;
  const flips = samples.filter((_, i) => champion && isRight(champion, i) && !isRight(challenger, i));
  const gains = samples.filter((_, i) => champion && !isRight(champion, i) && isRight(challenger, i));
  return {
    samples: samples.length,
    majorityCorrect: mostFrequent(samples.map(({ label }) => label)),
    challenger: report(samples, challenger),
    champion: champion && report(samples, champion),
    wins: gains.length,
    losses: flips.length,
    negativeFlips: flips.slice(0, MAX_LISTED_FLIPS).map(({ sampleId }) => sampleId),
  };
}

function report(samples: readonly { readonly label: string }[], { version, answers }: HoldoutAnswers): ModelReport {
  const pairs = samples.map(({ label }, i) => [label, answers[i]!] as const);
  const confusion = confusionOf(pairs);
  const correct = pairs.filter(([label, answer]) => label === answer).length;
  return { version, correct, accuracy: accuracyOf(confusion) ?? 0, confusion, classes: classReports(confusion) };
}

function mostFrequent(labels: readonly string[]): number {
  const counts = new Map<string, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return Math.max(0, ...counts.values());
}
