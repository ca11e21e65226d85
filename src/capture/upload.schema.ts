import { z } from 'zod';
import { LIMITS } from '../core/limits.js';

export const UploadOrder = z.strictObject({
  contentType: z
    .string()
    .max(100)
    .regex(/^[a-z]+\/[a-z0-9.+-]+$/, 'must be a content type without parameters, like image/png')
    // Kept out of what a browser would run, wherever it is shown one day.
    .refine((type) => !/html|svg|xml|javascript/.test(type), 'must be no document that a browser would run'),
  bytes: z.number().int().min(1).max(LIMITS.uploadBytes),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hex digits'),
});
