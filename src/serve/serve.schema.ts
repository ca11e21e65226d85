import { z } from 'zod';

const Input = z
  .strictObject({
    text: z.string().min(1).max(20_000).optional(),
    vector: z.array(z.number()).min(1).max(10_000).optional(),
    image: z
      .strictObject({
        contentType: z.enum(['image/png', 'image/jpeg', 'image/webp']),
        base64: z.base64().min(1).max(4_000_000),
      })
      .optional(),
  })
  .refine((input) => Object.values(input).filter((value) => value !== undefined).length === 1, {
    message: 'must have exactly one of text, vector, image',
  });

export const PredictOrder = z.strictObject({ inputs: z.array(Input).min(1).max(1_000) });

export const VersionOrChampion = z.union([z.literal('champion'), z.coerce.number().int().min(1).max(2_147_483_647)]);

/** A plain file name: no path, so no way out of the version's folder. */
export const FileName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/);
