import { z } from 'zod';

export const RunOrder = z.strictObject({ reason: z.string().min(1).max(500).optional() }).nullish();
