import { z } from 'zod';
import { InlineInput } from '../platform/http/input-schema.js';

export const PredictOrder = z.strictObject({ inputs: z.array(InlineInput).min(1).max(1_000) });

export const VersionOrChampion = z.union([z.literal('champion'), z.coerce.number().int().min(1).max(2_147_483_647)]);

/** A plain file name: no path, so no way out of the version's folder. */
export const FileName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/);
