/** A label beside what models that never saw it think of its sample. */
export interface JudgedLabel {
  readonly sampleId: string;
  readonly label: string;
  /** Probability of the label minus that of the likeliest other one, out of fold: -1 to 1. */
  readonly margin: number;
  /** The likeliest other label. */
  readonly instead: string;
  /** Verified by an annotator or said by two people: never doubted. */
  readonly isTrusted: boolean;
  /** Who said it, when it was one person. */
  readonly rater?: string | undefined;
  /** Confident learning takes it for wrong. */
  readonly isFlagged?: boolean;
}

export interface Suspect {
  readonly sampleId: string;
  readonly label: string;
  readonly instead: string;
  readonly margin: number;
  readonly isFlagged?: boolean;
}

export interface Suspicion {
  /** Ids of samples to leave out of this training; they keep their labels. */
  readonly pruned: ReadonlySet<string>;
  /** The most doubtful labels, for people to look at. */
  readonly suspects: readonly Suspect[];
  /** Classes and raters of whom so much is doubted that somebody should look. */
  readonly alarms: readonly string[];
  /** How many labels confident learning takes for wrong. */
  readonly flagged: number;
}

/** Below this margin models agree that the label is wrong. Drift and rare classes lie above it (measured). */
const PRUNE_BELOW = -0.35;
/** Rarer classes are not pruned: they look wrong because they are new. */
const FEWEST_OF_CLASS = 8;
/** Most of a class, and most of a rater's labels, that may be pruned. */
const MOST_PRUNED = 0.4;
/** From this share of a class or a rater's labels on somebody should look, if it is also twice that of all labels. */
const ALARMING = 0.15;
const ALARMING_RATIO = 2;
const FEWEST_ALARMING = 20;
const SUSPECTS = 200;

/** Whose labels models doubt so strongly that the label is probably wrong. */
export const doubted = (labels: readonly JudgedLabel[]): JudgedLabel[] =>
  labels.filter(({ isTrusted, margin }) => !isTrusted && margin < PRUNE_BELOW).sort(byMargin);

/**
 * Drops few labels and asks about many. What is doubted may be left out within caps per class and per rater, so that
 * neither a new meaning nor a person can be trained away. No label is ever changed here.
 */
export function suspicionOf(labels: readonly JudgedLabel[], mayPrune: boolean): Suspicion {
  const ofClass = shares(labels, ({ label }) => label);
  const ofRater = shares(labels, ({ rater }) => rater);
  const pruned = new Set<string>();
  for (const { sampleId, label, rater } of doubted(labels)) {
    ofClass.doubt(label);
    ofRater.doubt(rater);
    const isRare = ofClass.count(label) < FEWEST_OF_CLASS;
    if (!mayPrune || isRare || !ofClass.mayTake(label) || !ofRater.mayTake(rater)) continue;
    pruned.add(sampleId);
    ofClass.take(label);
    ofRater.take(rater);
  }
  const suspects = labels
    .filter(({ isTrusted, margin }) => !isTrusted && margin < 0)
    .sort(byMargin)
    .slice(0, SUSPECTS)
    .map(({ sampleId, label, instead, margin, isFlagged = false }) => ({
      sampleId,
      label,
      instead,
      margin,
      isFlagged,
    }));
  const usual = doubted(labels).length / Math.max(1, labels.length);
  const alarms = [
    ...ofClass.alarming(usual).map(([label, share]) => `${share} of the labels ${label} look wrong`),
    ...ofRater.alarming(usual).map(([rater, share]) => `${share} of the labels by ${rater} look wrong`),
  ];
  const flagged = labels.filter(({ isFlagged }) => isFlagged).length;
  return { pruned, suspects, alarms, flagged };
}

/** Of equal margins the smaller id first: the order of the input must not decide. */
const byMargin = (a: JudgedLabel, b: JudgedLabel): number => a.margin - b.margin || (a.sampleId < b.sampleId ? -1 : 1);

/** How much of each group is there, is doubted, and was taken. What has no group is never in the way. */
function shares(labels: readonly JudgedLabel[], groupOf: (label: JudgedLabel) => string | undefined) {
  const counts = new Map<string, number>();
  const doubts = new Map<string, number>();
  const taken = new Map<string, number>();
  const add = (to: Map<string, number>, group: string | undefined): void => {
    if (group !== undefined) to.set(group, (to.get(group) ?? 0) + 1);
  };
  const count = (group: string): number => counts.get(group) ?? 0;
  for (const label of labels) add(counts, groupOf(label));
  return {
    count,
    doubt: (group: string | undefined): void => add(doubts, group),
    take: (group: string | undefined): void => add(taken, group),
    mayTake: (group: string | undefined): boolean =>
      group === undefined || (taken.get(group) ?? 0) + 1 <= MOST_PRUNED * count(group),
    alarming: (usual: number): [string, string][] =>
      [...doubts]
        .filter(([group]) => count(group) >= FEWEST_ALARMING)
        .filter(([group, n]) => n > Math.max(ALARMING, ALARMING_RATIO * usual) * count(group))
        .map(([group, n]): [string, string] => [group, `${Math.round((100 * n) / count(group))} %`])
        .sort(([a], [b]) => (a < b ? -1 : 1)),
  };
}
