import { z } from 'zod';

const side = z.number().int().min(8).max(1_024);

/** How images become the tensors that a model of somebody else's reads; whoever takes it decides how strictly. */
export const IMAGE_INPUT = {
  kind: z.literal('image'),
  width: side,
  height: side,
  channels: z.union([z.literal(1), z.literal(3)]),
  pixels: z.enum(['zero-to-one', 'minus-one-to-one', 'zero-to-255']).default('zero-to-one'),
};
