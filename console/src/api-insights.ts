/** What the insights answer, as far as the console reads it. */

/** A share with its 95 % interval. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly samples: number;
}

export interface HonestAccuracy {
  readonly days: number;
  readonly accuracy: Estimate | null;
  readonly recall: readonly ({ readonly label: string } & Estimate)[];
  readonly naive: { readonly samples: number; readonly accuracy: number | null };
  /** On the holdout, with 500 labels more; null while there are too few versions to tell. */
  readonly outlook: {
    readonly samples: number;
    readonly accuracy: number;
    readonly low: number;
    readonly high: number;
  } | null;
}

export interface Drift {
  readonly what: string;
  readonly index: number;
  readonly p: number;
  readonly isAlarm: boolean;
  readonly values: readonly { readonly value: string; readonly before: number; readonly lately: number }[];
}

export interface Suspect {
  readonly sampleId: string;
  readonly label: string;
  readonly instead: string;
  readonly margin: number;
  readonly isFlagged: boolean;
  readonly preview: string;
  readonly kind: string;
}

export interface Raters {
  readonly method: 'majority' | 'dawid-skene';
  readonly items: readonly {
    readonly rater: string;
    readonly role: string;
    readonly answers: number;
    readonly agreement: number | null;
    /** How many of their labels are among those that models doubt most. */
    readonly doubted: number;
    /** Null for who never spoke of the same sample as somebody else. */
    readonly trust: number | null;
  }[];
  /** Decisions in review, with the model's answer in sight and hidden. */
  readonly reviewers: readonly {
    readonly rater: string;
    readonly shown: number;
    readonly agreedShown: number;
    readonly hidden: number;
    readonly agreedHidden: number;
  }[];
  readonly disputes: readonly Contested[];
  /** Where those who are trusted more decided, not the majority. */
  readonly decidedByTrust: readonly Contested[];
}

/** What people say different things about. */
export interface Contested {
  readonly sampleId: string;
  readonly preview: string;
  readonly kind: string;
  readonly label: string | null;
  /** More people say something else than say what the label is. */
  readonly isAgainstMost: boolean;
  readonly answers: readonly { readonly rater: string; readonly label: string }[];
  /** Null until people are compared, seconds after they spoke. */
  readonly suggested: { readonly label: string; readonly probability: number } | null;
}

export interface DuplicateGroup {
  readonly size: number;
  readonly labels: readonly string[];
  readonly isContradictory: boolean;
  readonly samples: readonly {
    readonly sampleId: string;
    readonly preview: string;
    readonly kind: string;
    readonly label: string | null;
  }[];
}

/** By index: where a sample lies, what people call it and what models that had not seen it do. */
export interface SampleMap {
  readonly version: number;
  readonly labels: readonly string[];
  readonly ids: readonly string[];
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly label: readonly number[];
  readonly predicted: readonly number[];
  /** To the right lies what a value is, upwards what was answered; labels are bands of values. */
  readonly isOfValues?: boolean;
}
