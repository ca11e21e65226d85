import { z } from 'zod';
import { IMAGE_INPUT } from '../platform/model-runtime/image-input.js';

const fileName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, 'must be a plain file name');

/** A pre-trained TensorFlow.js model: its model.json, its weights by file name, and what it reads. */
export const BaseOrder = z.strictObject({
  name: z.string().min(1).max(200),
  model: z.record(z.string(), z.unknown()),
  /** Each in base64, or the blob of a completed upload. */
  weights: z.record(fileName, z.union([z.base64(), z.strictObject({ blob: z.string().max(500) })])),
  input: z.discriminatedUnion('kind', [
    z.strictObject(IMAGE_INPUT),
    z.strictObject({ kind: z.literal('vector'), size: z.number().int().min(1).max(10_000) }),
  ]),
  outputLayer: z.string().min(1).max(200).nullish(),
  /** Of a model of layers: the one from which on it is trained together with its head. Frozen when not given. */
  trainableFrom: z.string().min(1).max(200).nullish(),
});
