import type { FieldError } from './errors.js';

/** What became of one posted item. */
export type Outcome =
  | { readonly status: 'accepted' | 'duplicate' | 'conflict'; readonly id: string }
  | { readonly status: 'rejected'; readonly errors: readonly FieldError[] };

/** An item that could not even be read: a broken line of an NDJSON body. */
export class Unreadable {
  constructor(readonly detail: string) {}
}
