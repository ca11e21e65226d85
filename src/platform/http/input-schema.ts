import { z } from 'zod';
import { LIMITS } from '../../core/limits.js';

/** What stands in the place of a label in a regression. */
export const Value = z.number().min(-LIMITS.largestValue).max(LIMITS.largestValue);

/** The kinds of input that a request can carry, each with its limit. */
const FIELDS = {
  text: z.string().min(1).max(LIMITS.textCharacters).optional(),
  vector: z.array(z.number()).min(1).max(LIMITS.vectorNumbers).optional(),
  image: z
    .strictObject({
      contentType: z.enum(['image/png', 'image/jpeg', 'image/webp']),
      base64: z.base64().min(1).max(LIMITS.imageCharacters),
    })
    .optional(),
};

const isOneKind = (input: object): boolean => Object.values(input).filter((value) => value !== undefined).length === 1;

/** Exactly one kind of input. One object with optional members, so that an error names the member that is wrong. */
export const InlineInput = z
  .strictObject(FIELDS)
  .refine(isOneKind, { message: 'must have exactly one of text, vector, image' });

/** As {@link InlineInput}, or the key of a blob that was uploaded on its own. */
export const StoredInput = z
  .strictObject({ ...FIELDS, blob: z.string().min(1).max(500).optional() })
  .refine(isOneKind, { message: 'must have exactly one of text, vector, image, blob' });
