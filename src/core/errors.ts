/** Every failure a caller can meet: its HTTP status, its title, and whether a job that meets it may try again. */
export const FAILURES = {
  'malformed-request': { status: 400, title: 'The request is not readable', retry: false },
  'invalid-request': { status: 422, title: 'The request is readable but wrong', retry: false },
  unauthenticated: { status: 401, title: 'No valid API key', retry: false },
  forbidden: { status: 403, title: 'The API key does not allow this', retry: false },
  'not-found': { status: 404, title: 'No such thing in this project', retry: false },
  conflict: { status: 409, title: 'The id is taken by another body', retry: false },
  'no-model': { status: 409, title: 'No model serves this project yet', retry: false },
  'not-possible-now': { status: 409, title: 'The present state does not allow this', retry: false },
  'idempotency-at-work': { status: 409, title: 'The same request is still at work', retry: true },
  'idempotency-mismatch': { status: 422, title: 'The key was used for another request', retry: false },
  'too-large': { status: 413, title: 'The request is too large', retry: false },
  'unsupported-media-type': { status: 415, title: 'The content type is not understood', retry: false },
  'method-not-allowed': { status: 405, title: 'The method is not allowed here', retry: false },
  'rate-limited': { status: 429, title: 'Too many requests with this key', retry: true },
  overloaded: { status: 503, title: 'Too much is waiting; try again shortly', retry: true },
  unavailable: { status: 503, title: 'A part the service needs does not answer', retry: true },
  internal: { status: 500, title: 'Something went wrong here', retry: true },
} as const satisfies Record<string, { status: number; title: string; retry: boolean }>;

export type FailureCode = keyof typeof FAILURES;

/** One wrong field: where (JSON Pointer, RFC 6901) and what is wrong with it. */
export interface FieldError {
  readonly pointer: string;
  readonly detail: string;
}

/** An expected failure. `facts` are for the log alone; `errors` are for the caller. */
export class LoopError extends Error {
  constructor(
    readonly code: FailureCode,
    detail: string,
    readonly errors: readonly FieldError[] = [],
    readonly facts: Readonly<Record<string, unknown>> = {},
  ) {
    super(detail);
  }

  get retryable(): boolean {
    return FAILURES[this.code].retry;
  }
}
