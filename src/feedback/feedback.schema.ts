import { z } from 'zod';
import { LIMITS } from '../core/limits.js';
import { Value } from '../platform/http/input-schema.js';

const identifier = z.string().min(1).max(LIMITS.nameCharacters);
const label = z.string().min(1).max(LIMITS.nameCharacters);

/** What a kind of feedback must say; a value goes for a label. */
const NEEDED: Readonly<Record<string, 'label' | 'notLabel' | 'rating' | 'comment'>> = {
  correction: 'label',
  partial: 'notLabel',
  rating: 'rating',
  comment: 'comment',
};

export const FeedbackSchema = z
  .strictObject({
    id: identifier.optional(),
    predictionId: identifier.optional(),
    externalId: identifier.optional(),
    kind: z.enum(['correction', 'accept', 'reject', 'partial', 'skip', 'rating', 'comment']),
    label: label.optional(),
    value: Value.optional(),
    notLabel: label.optional(),
    rating: z.number().optional(),
    comment: z.string().min(1).max(5_000).optional(),
    rater: z.strictObject({ id: identifier, role: z.enum(['user', 'annotator', 'system']) }),
    occurredAt: z.iso.datetime({ offset: true }).optional(),
  })
  .superRefine((feedback, context) => {
    if ((feedback.predictionId === undefined) === (feedback.externalId === undefined)) {
      const message = 'give exactly one of predictionId and externalId';
      context.addIssue({ code: 'custom', path: ['predictionId'], message });
    }
    if (feedback.label !== undefined && feedback.value !== undefined) {
      context.addIssue({ code: 'custom', path: ['value'], message: 'give a label or a value, not both' });
    }
    const needed = NEEDED[feedback.kind];
    if (needed && feedback[needed] === undefined && !(needed === 'label' && feedback.value !== undefined)) {
      context.addIssue({ code: 'custom', path: [needed], message: `is needed for the kind ${feedback.kind}` });
    }
  });
