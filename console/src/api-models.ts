/** Runs and model versions, as far as the console reads them. */

export interface RunRow {
  readonly id: string;
  readonly status: 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'refused';
  readonly trigger: string;
  readonly progress: number;
  readonly note: string | null;
  readonly error: string | null;
  readonly modelVersion: number | null;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
}

export interface ModelRow {
  readonly version: number;
  readonly status: string;
  readonly parent: number | null;
  readonly kind: string;
  readonly labels: readonly string[];
  readonly bytes: number;
  readonly backend: string;
  readonly createdAt: string;
  readonly metrics: {
    readonly trainSamples: number;
    readonly seconds: number;
    readonly holdoutSamples: number | null;
    readonly holdoutAccuracy: number | null;
    readonly championAccuracy: number | null;
    readonly calibrationError: number | null;
    readonly outOfFold?: {
      readonly pruned?: number;
      readonly flagged?: number;
      readonly alarms?: readonly string[];
      /** Of values: so far off or less is most of the time. */
      readonly halfWidth?: number;
    };
    readonly outOfScope?: {
      readonly threshold: number;
      readonly inScope: { readonly samples: number; readonly refusedRight: number };
      readonly outOfScope: { readonly samples: number; readonly caught: number };
    };
  };
}

interface ErrorSize {
  readonly meanAbsolute: number;
}

export interface ModelDetail extends ModelRow {
  readonly snapshotId: string;
  readonly sha256: string;
  readonly evaluation: {
    readonly wins: number;
    readonly losses: number;
    /** Of values. */
    readonly errors?: {
      readonly challenger: ErrorSize;
      readonly champion: ErrorSize | null;
      readonly constant: ErrorSize;
    };
    readonly golden: { readonly samples: number; readonly wins: number; readonly losses: number } | null;
    readonly leaks?: {
      readonly samples: number;
      readonly accuracy: number | null;
      readonly accuracyOfOthers: number | null;
      readonly areLeftOut?: boolean;
    };
  } | null;
  /** As the champion, beside the model it replaced, on random audits verified since. */
  readonly watch: {
    readonly against: number;
    readonly verdict: 'worse' | 'as-good' | 'open';
    readonly samples: number;
    readonly wins: number;
    readonly losses: number;
  } | null;
  readonly decisions: readonly {
    readonly id: string;
    readonly kind: string;
    readonly promoted: boolean;
    readonly reason: string;
    readonly actor: string;
    readonly createdAt: string;
  }[];
}
