import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { S3Error } from './errors.js';

/** A request taken apart, with nothing trusted yet. */
export interface S3Request {
  readonly http: IncomingMessage;
  readonly method: string;
  readonly path: string;
  readonly bucket: string;
  readonly key: string;
  readonly query: ReadonlyMap<string, string>;
  readonly queryPairs: readonly (readonly [string, string])[];
  /** Tells a client that waits with `Expect: 100-continue` to send its body. */
  readonly invite: () => void;
}

export interface S3Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer | Readable;
}

const MAX_KEY_BYTES = 1024;

/** The address is read as sent: a URL parser would fold `a/../b`, and a key may be spelled just so. */
export function parseRequest(http: IncomingMessage, invite: () => void): S3Request {
  const [rawPath = '/', rawQuery = ''] = splitOnce(http.url ?? '/', '?');
  if (!rawPath.startsWith('/')) throw new S3Error('InvalidURI', 'The address must begin with a slash.');
  const path = decode(rawPath);
  const [bucket = '', key = ''] = splitOnce(path.slice(1), '/');
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) throw new S3Error('KeyTooLongError', 'Your key is too long');
  const queryPairs = rawQuery
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => splitOnce(pair, '=').map(decode))
    .map(([name = '', value = '']) => [name, value] as const);
  return {
    http,
    method: http.method ?? 'GET',
    path,
    bucket,
    key,
    queryPairs,
    query: new Map(queryPairs),
    invite,
  };
}

/** A header as one string; undefined when it was not sent. */
export function headerOf(request: S3Request, name: string): string | undefined {
  return request.http.headersDistinct[name]?.join(',');
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new S3Error('InvalidURI', "Couldn't parse the specified URI.");
  }
}
