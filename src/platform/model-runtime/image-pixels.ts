import pLimit from 'p-limit';
import type { SharpOptions } from 'sharp';
import { LIMITS } from '../../core/limits.js';
import type { Input } from '../../core/input.js';
import { InputMismatch } from './errors.js';

/** What every image is brought to before a model sees it. */
export interface ImageShape {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
}

/** A small file may unpack to a huge picture; more pixels than this are refused. */
const MOST_PIXELS = LIMITS.imagePixels;
const FORMATS = new Set(['png', 'jpeg', 'webp']);
const EXPECTED = 'a PNG, JPEG or WebP image of at most 16 million pixels in base64';

/** Whole pictures that are read for requests at a time: each may have 64 MiB, and as much again when it is decoded. */
export const fewPictures = pLimit(4);

export const pixelsIn = ({ width, height, channels }: ImageShape): number => width * height * channels;

/** The library is loaded when the first picture comes: most processes never see one, and all would start later. */
const opened = async (bytes: Buffer, options: SharpOptions = {}) =>
  (await import('sharp')).default(bytes, { ...options, limitInputPixels: MOST_PIXELS });

/** Values in [0, 1], row by row, channels last. */
export async function imagePixels(input: Input, index: number, shape: ImageShape): Promise<Float32Array> {
  if (!('image' in input)) throw new InputMismatch(index, 'an image');
  try {
    const picture = await opened(Buffer.from(input.image.base64, 'base64'));
    const { format } = await picture.metadata();
    if (!FORMATS.has(format ?? '')) throw new Error(format);
    const bytes = await picture
      .autoOrient()
      .flatten({ background: '#000' })
      .resize(shape.width, shape.height, { fit: 'fill' })
      .toColourspace(shape.channels === 1 ? 'b-w' : 'srgb')
      .raw()
      .toBuffer();
    // `Float32Array.from` with a function takes 17 times as long.
    const pixels = new Float32Array(pixelsIn(shape));
    for (let i = 0; i < pixels.length; i += 1) pixels[i] = bytes[i]! / 255;
    return pixels;
  } catch {
    throw new InputMismatch(index, EXPECTED);
  }
}

/** Whether bytes are a whole image of that content type within the limit of pixels: decoded, not believed. */
export async function isImageOf(contentType: string, bytes: Buffer): Promise<boolean> {
  try {
    const picture = await opened(bytes, { failOn: 'error' });
    const { format } = await picture.metadata();
    await picture.resize(1, 1).toBuffer();
    return FORMATS.has(format) && contentType === `image/${format}`;
  } catch {
    return false;
  }
}

/** A WebP of at most so many pixels a side, never enlarged; undefined where the bytes are no picture of our limits. */
export async function thumbnail(bytes: Buffer, side: number): Promise<Buffer | undefined> {
  try {
    const picture = await opened(bytes);
    const { format } = await picture.metadata();
    if (!FORMATS.has(format)) return undefined;
    const fitted = picture.autoOrient().resize(side, side, { fit: 'inside', withoutEnlargement: true });
    return await fitted.webp().toBuffer();
  } catch {
    return undefined;
  }
}
