import { S3Error } from './errors.js';

/** From `start` up to, not including, `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The range that a `Range` header asks for; undefined for all of the content, which is also the answer to a header that
 * cannot be read and to several ranges at once, as RFC 9110 allows and S3 does.
 */
export function rangeOf(header: string | undefined, size: number): ByteRange | undefined {
  const asked = readRange(header, size);
  if (asked === undefined || asked.start < asked.end) return asked;
  throw new S3Error('InvalidRange', 'The requested range is not satisfiable', { 'content-range': `bytes */${size}` });
}

/** As far as the content goes; empty where the content has none of it. */
function readRange(header: string | undefined, size: number): ByteRange | undefined {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '') ?? [];
  if (first === '') return last === '' ? undefined : { start: Math.max(0, size - Number(last)), end: size };
  if (last === '') return { start: Number(first), end: size };
  if (Number(last) < Number(first)) return undefined;
  return { start: Number(first), end: Math.min(size, Number(last) + 1) };
}
