import { z } from 'zod';

/** Query of a list: how many, and from where on. What a cursor is differs from list to list; callers hand it back as it was. */
export const pageQuery = <Cursor extends z.ZodType<string>>(cursor: Cursor) =>
  z.object({ limit: z.coerce.number().int().min(1).max(500).default(50), cursor: cursor.optional() });

/** Lists in the order of their ids. */
export const PageById = pageQuery(z.uuid());
/** Lists in the order of time. */
export const PageByTime = pageQuery(z.iso.datetime());
/** Lists in the order of numbers. */
export const PageByNumber = pageQuery(z.string().regex(/^\d{1,9}$/));
