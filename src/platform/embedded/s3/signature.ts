import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { S3Error } from './errors.js';
import { headerOf, type S3Request } from './request.js';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** What an accepted signature proves; the chunks of a streamed body are chained to it. */
export interface Signed {
  readonly payloadHash: string;
  readonly key: Buffer;
  readonly timestamp: string;
  readonly scope: string;
  readonly signature: string;
}

interface Claim {
  readonly credential: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly timestamp: string;
  readonly payloadHash: string;
  readonly expiresSeconds: number | undefined;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';
const MAX_SKEW_MS = 15 * 60_000;
const MAX_EXPIRES_SECONDS = 7 * 24 * 3600;

export const sha256Hex = (data: string | Buffer) => createHash('sha256').update(data).digest('hex');
export const hmac = (key: string | Buffer, data: string) => createHmac('sha256', key).update(data).digest();

/** Compares without telling by its duration how much was right. */
export function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** Accepts a SigV4 header or query signature, else throws. Nothing of the body has been read by then. */
export function authenticate(request: S3Request, credentials: Credentials, now: number): Signed {
  const claim = request.query.has('X-Amz-Algorithm') ? claimOfQuery(request) : claimOfHeader(request);
  const [accessKeyId, date, region, service, end] = splitCredential(claim.credential);
  if (accessKeyId !== credentials.accessKeyId)
    throw new S3Error('InvalidAccessKeyId', 'The access key id you provided does not exist in our records.');
  if (service !== 's3' || end !== 'aws4_request' || !claim.timestamp.startsWith(date))
    throw new S3Error('AccessDenied', 'The credential scope does not fit the request.');
  refuseWrongTime(claim, now);
  refuseUnsignedHeaders(request, claim.signedHeaders);

  const scope = `${date}/${region}/s3/aws4_request`;
  const key = [date, region, 's3', 'aws4_request'].reduce<string | Buffer>(
    hmac,
    `AWS4${credentials.secretAccessKey}`,
  ) as Buffer;
  const text = [ALGORITHM, claim.timestamp, scope, sha256Hex(canonicalRequest(request, claim))].join('\n');
  if (!sameText(hmac(key, text).toString('hex'), claim.signature))
    throw new S3Error('SignatureDoesNotMatch', 'The signature we calculated does not match the one you provided.');
  return { payloadHash: claim.payloadHash, key, timestamp: claim.timestamp, scope, signature: claim.signature };
}

function claimOfHeader(request: S3Request): Claim {
  const authorization = headerOf(request, 'authorization');
  if (!authorization) throw new S3Error('AccessDenied', 'Access Denied');
  if (!authorization.startsWith(`${ALGORITHM} `)) throw new S3Error('InvalidRequest', 'Please use AWS4-HMAC-SHA256.');
  const fields = new Map(
    authorization
      .slice(ALGORITHM.length)
      .split(',')
      .map((field) => [field.slice(0, field.indexOf('=')).trim(), field.slice(field.indexOf('=') + 1).trim()]),
  );
  const payloadHash = headerOf(request, 'x-amz-content-sha256');
  if (!payloadHash) throw new S3Error('InvalidRequest', 'Missing required header: x-amz-content-sha256');
  return {
    credential: fields.get('Credential') ?? '',
    signedHeaders: (fields.get('SignedHeaders') ?? '').split(';'),
    signature: fields.get('Signature') ?? '',
    timestamp: headerOf(request, 'x-amz-date') ?? '',
    payloadHash,
    expiresSeconds: undefined,
  };
}

function claimOfQuery(request: S3Request): Claim {
  const { query } = request;
  if (query.get('X-Amz-Algorithm') !== ALGORITHM) throw new S3Error('InvalidRequest', 'Please use AWS4-HMAC-SHA256.');
  const expiresSeconds = Number(query.get('X-Amz-Expires'));
  if (!(expiresSeconds >= 1 && expiresSeconds <= MAX_EXPIRES_SECONDS))
    throw new S3Error('AccessDenied', 'X-Amz-Expires must be between 1 and 604800 seconds.');
  return {
    credential: query.get('X-Amz-Credential') ?? '',
    signedHeaders: (query.get('X-Amz-SignedHeaders') ?? '').split(';'),
    signature: query.get('X-Amz-Signature') ?? '',
    timestamp: query.get('X-Amz-Date') ?? '',
    payloadHash: query.get('X-Amz-Content-Sha256') ?? headerOf(request, 'x-amz-content-sha256') ?? 'UNSIGNED-PAYLOAD',
    expiresSeconds,
  };
}

/** Split from the right: an access key id may contain a slash. */
function splitCredential(credential: string): [string, string, string, string, string] {
  const parts = credential.split('/');
  const [date = '', region = '', service = '', end = ''] = parts.slice(-4);
  return [parts.slice(0, -4).join('/'), date, region, service, end];
}

function refuseWrongTime({ timestamp, expiresSeconds }: Claim, now: number): void {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(timestamp);
  if (!match) throw new S3Error('AccessDenied', 'AWS authentication requires a valid x-amz-date.');
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as [number, ...number[]];
  const signedAt = Date.UTC(year, month! - 1, day, hour, minute, second);
  if (expiresSeconds !== undefined && now > signedAt + expiresSeconds * 1000)
    throw new S3Error('AccessDenied', 'Request has expired');
  const age = now - signedAt;
  if (age < -MAX_SKEW_MS || (expiresSeconds === undefined && age > MAX_SKEW_MS))
    throw new S3Error('RequestTimeTooSkewed', 'The difference between the request time and our time is too large.');
}

/** A header nobody signed could have been added on the way, and x-amz-* headers change what a request does. */
function refuseUnsignedHeaders(request: S3Request, signedHeaders: readonly string[]): void {
  const needed = Object.keys(request.http.headers).filter((name) => name === 'host' || name.startsWith('x-amz-'));
  const unsigned = ['host', ...needed].filter((name) => !signedHeaders.includes(name));
  if (unsigned.length > 0)
    throw new S3Error('AccessDenied', `There were headers which were not signed: ${unsigned.join(', ')}`);
}

function canonicalRequest(request: S3Request, claim: Claim): string {
  const query = request.queryPairs
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => [uriEncode(name), uriEncode(value)] as const)
    .sort(byNameThenValue)
    .map((pair) => pair.join('='))
    .join('&');
  const headers = claim.signedHeaders.map(
    (name) => `${name}:${(headerOf(request, name) ?? '').trim().replace(/\s+/g, ' ')}\n`,
  );
  return [
    request.method,
    request.path.split('/').map(uriEncode).join('/'),
    query,
    headers.join(''),
    claim.signedHeaders.join(';'),
    claim.payloadHash,
  ].join('\n');
}

function byNameThenValue(a: readonly [string, string], b: readonly [string, string]): number {
  const [left, right] = a[0] === b[0] ? [a[1], b[1]] : [a[0], b[0]];
  return left < right ? -1 : Number(left > right);
}

/** RFC 3986: everything but letters, digits and `-._~`. */
export function uriEncode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** The region that was signed for. Any is accepted, as there is only one server. */
export const regionOf = ({ scope }: Signed) => scope.split('/')[1] ?? '';
