import type { z } from 'zod';
import { type FieldError, LoopError } from '../core/errors.js';

/** The value, or every wrong field of it. `pointer` prefixes the pointers: `/items/3`. */
export function check<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  pointer = '',
): { value: z.infer<Schema> } | { errors: FieldError[] } {
  const parsed = schema.safeParse(value);
  return parsed.success ? { value: parsed.data } : { errors: fieldErrors(parsed.error.issues, pointer) };
}

export function invalid(errors: readonly FieldError[]): LoopError {
  const fields = errors.map(({ pointer }) => pointer || '(the whole body)').slice(0, 5);
  return new LoopError(
    'invalid-request',
    `Wrong: ${fields.join(', ')}${errors.length > 5 ? ' and more' : ''}.`,
    errors,
  );
}

interface Issue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[];
  /** zod names unknown members here rather than in the path. */
  readonly keys?: readonly string[];
}

export function fieldErrors(issues: readonly Issue[], prefix = ''): FieldError[] {
  return issues.flatMap(({ message, path = [], keys }) => {
    const pointer =
      prefix + path.map((part) => `/${escapePointer(typeof part === 'object' ? part.key : part)}`).join('');
    if (!keys) return [{ pointer, detail: message }];
    return keys.map((key) => ({ pointer: `${pointer}/${escapePointer(key)}`, detail: 'is not a known field' }));
  });
}

/** RFC 6901: ~ and / are escaped. */
const escapePointer = (part: PropertyKey): string => String(part).replaceAll('~', '~0').replaceAll('/', '~1');
