import { z } from 'zod';

/** Query of every list: how many, and from where on. */
export const PageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(500).default(50),
  cursor: z.string().max(200).optional(),
});
