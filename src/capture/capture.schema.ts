import { z } from 'zod';

/** A caller's own id: anything printable, at most 200 characters. */
export const identifier = z
  .string()
  .min(1)
  .max(200)
  // eslint-disable-next-line no-control-regex -- control characters are what is refused
  .regex(/^[^\u0000-\u001f\u007f]*$/, 'must not hold control characters');

const label = z.string().min(1).max(200);
const probability = z.number().min(0).max(1);
const INPUT_KINDS = ['text', 'vector', 'image', 'blob'] as const;

/** Exactly one kind of input. One object with optional members, so that an error names the member that is wrong. */
export const InputSchema = z
  .strictObject({
    text: z.string().min(1).max(20_000).optional(),
    vector: z.array(z.number()).min(1).max(10_000).optional(),
    image: z
      .strictObject({
        contentType: z.enum(['image/png', 'image/jpeg', 'image/webp']),
        base64: z.base64().min(1).max(4_000_000),
      })
      .optional(),
    blob: z.string().min(1).max(500).optional(),
  })
  .refine((input) => INPUT_KINDS.filter((kind) => input[kind] !== undefined).length === 1, {
    message: `must have exactly one of ${INPUT_KINDS.join(', ')}`,
  });

export const PredictionSchema = z.strictObject({
  id: identifier.optional(),
  externalId: identifier.optional(),
  model: z.strictObject({ name: z.string().min(1).max(100).optional(), version: z.string().min(1).max(100) }),
  input: InputSchema,
  output: z.strictObject({
    label,
    confidence: probability.optional(),
    scores: z.record(label, probability).optional(),
  }),
  group: identifier.optional(),
  subject: identifier.optional(),
  attributes: z
    .record(z.string().min(1).max(100), z.union([z.string().max(500), z.number(), z.boolean(), z.null()]))
    .optional(),
  occurredAt: z.iso.datetime({ offset: true }).optional(),
});

export type NewPrediction = z.infer<typeof PredictionSchema>;
