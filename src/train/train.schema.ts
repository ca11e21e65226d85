import { z } from 'zod';

export const RunOrder = z
  .strictObject({
    reason: z.string().min(1).max(500).optional(),
    fromNothing: z
      .boolean()
      .optional()
      .describe('Learn from nothing and from all history, not from the model that serves and a bounded rest.'),
  })
  .nullish();
