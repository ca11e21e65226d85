import { z } from 'zod';
import { Value } from '../platform/http/input-schema.js';
import { pageQuery } from '../platform/http/page.js';

const text = z.string().min(1).max(200);
const flag = z.enum(['true', 'false']).transform((value) => value === 'true');

/** Filters and order of the sample browser; all of them fit in a URL. */
export const SampleQuery = pageQuery(z.string().max(200)).extend({
  /** These alone; given again for each. */
  id: z.union([text.transform((one) => [one]), z.array(text).max(100)]).optional(),
  label: text.optional(),
  predicted: text.optional(),
  rater: text.optional(),
  modelVersion: text.optional(),
  split: z.enum(['train', 'holdout', 'aside']).optional(),
  labelled: flag.optional(),
  disputed: flag.optional(),
  suspect: flag.optional(),
  /** `name:value` of an attribute. */
  slice: z
    .string()
    .regex(/^[^:]{1,100}:.{1,200}$/, 'must be name:value')
    .optional(),
  q: text.optional(),
  sort: z.enum(['recent', 'random', 'uncertainty', 'suspicion']).default('recent'),
});
export type SampleFilter = z.infer<typeof SampleQuery>;

export const ConfusionQuery = z.object({
  model: text.optional(),
  modelVersion: text.optional(),
  split: z.enum(['train', 'holdout', 'aside']).optional(),
  /** Answers with less confidence than this count as the label `below`. */
  threshold: z.coerce.number().min(0).max(1).optional(),
  below: text.optional(),
});
export type ConfusionFilter = z.infer<typeof ConfusionQuery>;

export const DaysQuery = z.object({ days: z.coerce.number().min(0.01).max(3_650).default(30) });

export const MapQuery = z.object({ version: z.coerce.number().int().min(1).max(2_147_483_647).optional() });

export const ReviewQuery = z.object({
  n: z.coerce.number().int().min(1).max(100).default(10),
  rater: text.optional(),
});

export const ReviewDecision = z
  .strictObject({
    kind: z.enum(['correction', 'accept', 'reject', 'partial', 'skip']).optional(),
    label: text.optional(),
    value: Value.optional(),
    notLabel: text.optional(),
    comment: z.string().max(5_000).optional(),
    rater: text.optional(),
  })
  .refine(({ kind, label, value }) => kind !== undefined || label !== undefined || value !== undefined, {
    message: 'give a label, a value, or a kind such as accept or skip',
  });
export type ReviewDecision = z.infer<typeof ReviewDecision>;
