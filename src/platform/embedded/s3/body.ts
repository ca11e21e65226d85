import { createHash, type Hash } from 'node:crypto';
import { ALGORITHMS, algorithmNamed, headerFor, hasherFor } from './checksums.js';
import type { Checksum, ChecksumAlgorithm, Hasher } from './checksums.js';
import { ChunkedBody } from './chunked.js';
import { S3Error } from './errors.js';
import { headerOf, type S3Request } from './request.js';
import type { Signed } from './signature.js';

export type Write = (chunk: Buffer) => Promise<void>;

/** What arrived, after every digest the client named has been found right. */
export interface Received {
  readonly size: number;
  readonly md5: string;
  readonly checksum: Checksum | undefined;
}

const MAX_BODY_BYTES = 5 * 1024 ** 3;
const CHUNKED = new Set([
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
]);

/** Passes the body on as it arrives. It throws after the last byte when a digest is wrong: the caller must discard. */
export async function receive(request: S3Request, signed: Signed, write: Write): Promise<Received> {
  const chunked = chunkedBodyOf(request, signed);
  const expectedSize = expectedSizeOf(request, chunked !== undefined);
  const digests = new Digests(request, signed);
  request.invite();
  let size = 0;
  for await (const chunk of chunked?.content() ?? piecesOf(request)) {
    size += chunk.length;
    if (size > (expectedSize ?? MAX_BODY_BYTES)) throw new S3Error('EntityTooLarge', 'The body is too long.');
    digests.update(chunk);
    await write(chunk);
  }
  if (expectedSize !== undefined && size !== expectedSize)
    throw new S3Error('IncompleteBody', 'The body is shorter than its headers say.');
  return { size, ...digests.verified(chunked?.trailers) };
}

/** A small request document as text. */
export async function receiveText(request: S3Request, signed: Signed, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  await receive(request, signed, async (chunk) => {
    size += chunk.length;
    if (size > maxBytes) throw new S3Error('MalformedXML', 'The document is too long.');
    chunks.push(chunk);
  });
  return Buffer.concat(chunks).toString('utf8');
}

function chunkedBodyOf(request: S3Request, signed: Signed): ChunkedBody | undefined {
  if (!signed.payloadHash.startsWith('STREAMING-')) return undefined;
  if (!CHUNKED.has(signed.payloadHash))
    throw new S3Error('NotImplemented', `${signed.payloadHash} is not implemented.`);
  return new ChunkedBody(piecesOf(request), signed);
}

/** Giving up in the middle must not close the connection, or the client would never read why it was refused. */
function piecesOf(request: S3Request): AsyncIterable<Buffer> {
  return request.http.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
}

function expectedSizeOf(request: S3Request, chunked: boolean): number | undefined {
  const text = headerOf(request, chunked ? 'x-amz-decoded-content-length' : 'content-length');
  if (text === undefined) {
    if (chunked) throw new S3Error('MissingContentLength', 'You must provide x-amz-decoded-content-length.');
    return undefined;
  }
  const size = Number(text);
  if (!Number.isSafeInteger(size) || size < 0) throw new S3Error('InvalidArgument', 'The length is not a number.');
  if (size > MAX_BODY_BYTES) throw new S3Error('EntityTooLarge', 'One upload is at most 5 GiB; use a multipart one.');
  return size;
}

/** The checksum a client announced: in a header, in a trailer, or only by the name of the algorithm. */
export function announcedAlgorithm(request: S3Request): ChecksumAlgorithm | undefined {
  const trailer = /x-amz-checksum-(\w+)/i.exec(headerOf(request, 'x-amz-trailer') ?? '')?.[1];
  return (
    ALGORITHMS.find((algorithm) => headerOf(request, headerFor(algorithm)) !== undefined) ??
    algorithmNamed(trailer) ??
    algorithmNamed(headerOf(request, 'x-amz-sdk-checksum-algorithm')) ??
    algorithmNamed(headerOf(request, 'x-amz-checksum-algorithm'))
  );
}

/** The only request whose checksum header speaks of the object instead of the body. */
const isCompletion = (request: S3Request) => request.method === 'POST' && request.query.has('uploadId');

class Digests {
  private readonly md5 = createHash('md5');
  private readonly sha256: Hash | undefined;
  private readonly algorithm: ChecksumAlgorithm | undefined;
  private readonly hasher: Hasher | undefined;

  constructor(
    private readonly request: S3Request,
    private readonly signed: Signed,
  ) {
    this.algorithm = isCompletion(request) ? undefined : announcedAlgorithm(request);
    this.hasher = this.algorithm && hasherFor(this.algorithm);
    this.sha256 = /^[0-9a-f]{64}$/.test(signed.payloadHash) ? createHash('sha256') : undefined;
    if (!this.sha256 && !/^(UNSIGNED-PAYLOAD$|STREAMING-)/.test(signed.payloadHash))
      throw new S3Error('InvalidArgument', 'x-amz-content-sha256 must be a SHA-256 in hex.');
  }

  update(chunk: Buffer): void {
    this.md5.update(chunk);
    this.sha256?.update(chunk);
    this.hasher?.update(chunk);
  }

  verified(trailers: ReadonlyMap<string, string> | undefined): Omit<Received, 'size'> {
    if (this.sha256 && this.sha256.digest('hex') !== this.signed.payloadHash)
      throw new S3Error('XAmzContentSHA256Mismatch', 'The body does not match x-amz-content-sha256.');
    const md5 = this.md5.digest();
    const givenMd5 = headerOf(this.request, 'content-md5');
    if (givenMd5 !== undefined) compareDigest('Content-MD5', givenMd5, md5);
    return { md5: md5.toString('hex'), checksum: this.checksum(trailers) };
  }

  private checksum(trailers: ReadonlyMap<string, string> | undefined): Checksum | undefined {
    if (!this.algorithm || !this.hasher) return undefined;
    const header = headerFor(this.algorithm);
    const given = headerOf(this.request, header) ?? trailers?.get(header);
    const promised = headerOf(this.request, 'x-amz-trailer')?.toLowerCase().includes(header);
    if (given === undefined && promised) throw new S3Error('InvalidRequest', `The trailer ${header} is missing.`);
    const actual = this.hasher.digest();
    if (given !== undefined) compareDigest(this.algorithm, given, actual);
    return { algorithm: this.algorithm, value: actual.toString('base64'), type: 'FULL_OBJECT' };
  }
}

function compareDigest(name: string, given: string, actual: Buffer): void {
  const bytes = Buffer.from(given, 'base64');
  if (bytes.length !== actual.length) throw new S3Error('InvalidDigest', `The ${name} you specified is not valid.`);
  if (!bytes.equals(actual)) throw new S3Error('BadDigest', `The ${name} you specified did not match the body.`);
}
