import { z } from 'zod';
import { LIMITS } from '../core/limits.js';
import { StoredInput, Value } from '../platform/http/input-schema.js';

/** A caller's own id: anything printable, at most 200 characters. */
export const identifier = z
  .string()
  .min(1)
  .max(LIMITS.nameCharacters)
  // eslint-disable-next-line no-control-regex -- control characters are what is refused
  .regex(/^[^\u0000-\u001f\u007f]*$/, 'must not hold control characters');

const label = z.string().min(1).max(LIMITS.nameCharacters);
const probability = z.number().min(0).max(1);

export const PredictionSchema = z.strictObject({
  id: identifier.optional(),
  externalId: identifier.optional(),
  model: z.strictObject({ name: z.string().min(1).max(100).optional(), version: z.string().min(1).max(100) }),
  input: StoredInput,
  output: z
    .strictObject({
      label: label.optional(),
      value: Value.optional(),
      confidence: probability.optional(),
      scores: z.record(label, probability).optional(),
    })
    .refine((output) => (output.label === undefined) !== (output.value === undefined), {
      message: 'must have exactly one of label and value',
    })
    .nullable()
    .describe('null where nothing has answered yet: there is no model, and people are to say what it is'),
  group: identifier.optional(),
  subject: identifier.optional(),
  attributes: z
    .record(z.string().min(1).max(100), z.union([z.string().max(500), z.number(), z.boolean(), z.null()]))
    .optional(),
  occurredAt: z.iso.datetime({ offset: true }).optional(),
});

export type NewPrediction = z.infer<typeof PredictionSchema>;

export const PictureQuery = z.strictObject({
  side: z.coerce.number().int().min(16).max(1_024).default(96).describe('Pixels of the longer side, at most'),
});
