/** The service's answers, as far as the console reads them. Shapes are those of /openapi.json. */
export interface Stage {
  readonly stage: string;
  readonly done: number;
  readonly lastAt: string | null;
  readonly waiting: number;
  readonly lagSeconds: number;
}

export interface Promotion {
  readonly version: number;
  readonly fromVersion: number | null;
  readonly kind: 'automatic' | 'manual' | 'rollback';
  readonly promoted: boolean;
  readonly reason: string;
  readonly actor: string;
  readonly at: string;
  readonly holdoutAccuracy: number | null;
  readonly championAccuracy: number | null;
  readonly holdoutSamples: number | null;
  readonly trainSamples: number | null;
  readonly feedbackToLiveSeconds: number | null;
}

export interface CurrentRun {
  readonly id: string;
  readonly status: 'queued' | 'running';
  readonly progress: number;
  readonly note: string | null;
  readonly trigger: string;
}

export interface Run {
  readonly id: string;
  readonly status: string;
  readonly trigger: string;
  readonly error: string | null;
  readonly modelVersion: number | null;
  readonly finishedAt: string | null;
}

export interface Loop {
  readonly projectId: string;
  readonly now: string;
  readonly stages: readonly Stage[];
  readonly champion: { readonly version: number; readonly since: string } | null;
  /** So long a request waits for a person while there is no champion. */
  readonly standInSeconds: number;
  readonly retrain: {
    readonly fires: boolean;
    readonly reason: string;
    readonly newLabels: number;
    readonly needed: number;
    readonly run: CurrentRun | null;
  };
  /** What decides who serves: golden samples once there are enough, until then what users corrected. */
  readonly gate: { readonly basis: 'golden' | 'holdout'; readonly goldenSamples: number; readonly needed: number };
  readonly feedbackToLiveSeconds: number | null;
  readonly corrections: { readonly corrected: number; readonly honoured: number; readonly share: number | null };
  readonly promotions: readonly Promotion[];
}

export interface Quarantine {
  readonly id: string;
  readonly version: number;
  readonly reason: string;
  readonly labels: number;
  readonly createdAt: string;
  readonly releasedAt: string | null;
}

export interface Balance {
  readonly received: number;
  readonly stored: number;
  readonly duplicate: number;
  readonly conflict: number;
  readonly rejected: number;
  readonly parked: number;
  readonly balanced: boolean;
  readonly difference: number;
}
export type Ledger = Balance & { readonly predictions: Balance; readonly feedback: Balance };

export interface ClassReport {
  readonly label: string;
  readonly support: number;
  readonly recall: number | null;
  readonly precision: number | null;
}

/** `cells[actual][predicted]` counts samples, both in the order of `labels`. */
export interface Confusion {
  readonly labels: readonly string[];
  readonly cells: readonly (readonly number[])[];
  readonly samples: number;
  readonly accuracy: number | null;
  readonly classes: readonly ClassReport[];
  readonly bias: string;
}

export interface Sample {
  readonly id: string;
  readonly preview: string;
  readonly kind: 'text' | 'vector' | 'image' | 'blob';
  /** Null where no model has answered. */
  readonly predicted: string | null;
  readonly confidence: number | null;
  readonly model: { readonly name: string | null; readonly version: string };
  readonly attributes: Readonly<Record<string, unknown>> | null;
  readonly split: 'train' | 'holdout' | 'aside';
  readonly occurredAt: string;
  readonly status: 'none' | 'resolved' | 'disputed';
  readonly label: string | null;
  readonly support: number;
  readonly candidates: readonly string[];
  /** What is likeliest where people say different things. */
  readonly suggested: { readonly label: string; readonly probability: number } | null;
  /** The suggestion decided, not the majority. */
  readonly isByTrust: boolean;
}

export interface Statement {
  readonly id: string;
  readonly kind: string;
  readonly label: string | null;
  readonly notLabel: string | null;
  readonly rating: number | null;
  readonly comment: string | null;
  readonly raterId: string;
  readonly raterRole: string;
  readonly occurredAt: string;
}
export type SampleDetail = Sample & { readonly statements: readonly Statement[] };

export type ReviewReason = 'waiting' | 'audit' | 'disputed' | 'suspect' | 'rare' | 'unanswered' | 'uncertain';

export interface ReviewItem {
  readonly sampleId: string;
  readonly reason: ReviewReason;
  readonly isBlind: boolean;
  readonly sample: SampleDetail;
  /** Until when somebody waits for the answer, where somebody does. */
  readonly waitsUntil?: string;
}

export interface Input {
  readonly text?: string;
  readonly vector?: readonly number[];
  readonly image?: { readonly contentType: string; readonly base64: string };
  readonly blob?: string;
}
export interface Prediction {
  readonly input: Input;
  /** A label or a value; null where no model has answered. */
  readonly output: {
    readonly label?: string;
    readonly value?: number;
    readonly scores?: Readonly<Record<string, number>>;
  } | null;
}

export interface List<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

export interface LabelBalance {
  /** Of a regression labels are texts of values, and those counted here are bands of them. */
  readonly task: 'classification' | 'regression';
  readonly versions: readonly { readonly name: string | null; readonly version: string; readonly samples: number }[];
  readonly labels: readonly {
    readonly label: string;
    readonly train: number;
    readonly holdout: number;
    readonly predicted: number;
  }[];
}

/** A problem document of the service, or no answer at all (status 0). */
export class Problem extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/**
 * Calls the service with the session's cookie; undefined for an answer without a body. Without a session it goes to the
 * login, which comes back here.
 *
 * @throws Problem
 */
export async function call<T>(path: string, options: { method?: string; body?: unknown } = {}): Promise<T> {
  const { method = 'GET', body } = options;
  const response = await fetch(path, {
    method,
    headers: body === undefined ? {} : { 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  }).catch(() => {
    throw new Problem(0, 'The service does not answer.');
  });
  if (response.status === 401 && !path.startsWith('/session')) logIn();
  if (!response.ok) throw new Problem(response.status, await reasonOf(response));
  return response.status === 204 ? (undefined as T) : ((await response.json()) as T);
}

async function reasonOf(response: Response): Promise<string> {
  const { detail, title } = (await response.json().catch(() => ({}))) as { detail?: string; title?: string };
  return detail ?? title ?? `The service answered ${response.status}.`;
}

function logIn(): void {
  const { pathname, search } = location;
  location.assign(`/login.html?next=${encodeURIComponent(pathname + search)}`);
}
