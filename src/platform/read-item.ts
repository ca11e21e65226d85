import type { z } from 'zod';
import { type FieldError } from '../core/errors.js';
import { Unreadable } from '../core/outcome.js';
import { check } from './validation.js';

/** One posted item: its value, or every wrong field of it. */
export function readItem<Schema extends z.ZodType>(
  schema: Schema,
  item: unknown,
): { value: z.infer<Schema> } | { errors: readonly FieldError[] } {
  return item instanceof Unreadable ? { errors: [{ pointer: '', detail: item.detail }] } : check(schema, item);
}
