import { createHash } from 'node:crypto';
import { hasherFor, headerFor, type Checksum, type ChecksumAlgorithm } from './checksums.js';
import { S3Error } from './errors.js';
import type { ObjectFacts, ObjectFiles } from './object-files.js';
import type { S3Reply, S3Request } from './request.js';
import type { Signed } from './signature.js';
import { xmlDocument, type XmlNode } from './xml.js';

/** One request whose signature has been found right, and what it may work on. */
export interface S3Call {
  readonly request: S3Request;
  readonly signed: Signed;
  readonly files: ObjectFiles;
}

export type Operation = (call: S3Call) => Promise<S3Reply>;

export function xmlReply(root: string, content: XmlNode | string): S3Reply {
  return { status: 200, headers: { 'content-type': 'application/xml' }, body: xmlDocument(root, content) };
}

export const quoted = (etag: string) => `"${etag}"`;

/** Headers of a request that belong to the object and come back with it. `aws-chunked` was only its transport. */
export function keptHeaders(request: S3Request): Record<string, string> {
  const kept: Record<string, string> = { 'content-type': 'binary/octet-stream' };
  for (const [name, values] of Object.entries(request.http.headersDistinct)) {
    if (KEPT.has(name) || name.startsWith('x-amz-meta-')) kept[name] = values!.join(',');
  }
  const encodings = (kept['content-encoding'] ?? '').split(',').map((encoding) => encoding.trim());
  kept['content-encoding'] = encodings.filter((encoding) => encoding !== 'aws-chunked').join(',');
  if (kept['content-encoding'] === '') delete kept['content-encoding'];
  return kept;
}

const KEPT = new Set([
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
]);

export function checksumHeaders(checksum: Checksum | undefined): Record<string, string> {
  if (!checksum) return {};
  return { [headerFor(checksum.algorithm)]: checksum.value, 'x-amz-checksum-type': checksum.type };
}

/** A checksum in the way of XML answers, such as `ChecksumCRC32`. */
export function checksumNode(checksum: Checksum | undefined): XmlNode {
  return checksum ? { [`Checksum${checksum.algorithm}`]: checksum.value, ChecksumType: checksum.type } : {};
}

/** What is told of an object that has just been written. */
export function writtenReply({ etag, checksum }: Pick<ObjectFacts, 'etag' | 'checksum'>): S3Reply {
  return { status: 200, headers: { etag: quoted(etag), ...checksumHeaders(checksum) } };
}

/** A whole number in the query, such as `max-keys`. */
export function numberOf(request: S3Request, name: string, fallback: number): number {
  const text = request.query.get(name);
  if (text === undefined || text === '') return fallback;
  if (!/^\d{1,9}$/.test(text)) throw new S3Error('InvalidArgument', `${name} is not a whole number.`);
  return Number(text);
}

/** Digests of bytes that do not come from a client, which has digests of its own to compare. */
export class ContentDigest {
  private readonly md5 = createHash('md5');
  private readonly hasher;
  private size = 0;

  constructor(private readonly algorithm: ChecksumAlgorithm | undefined) {
    this.hasher = algorithm && hasherFor(algorithm);
  }

  update(piece: Buffer): void {
    this.size += piece.length;
    this.md5.update(piece);
    this.hasher?.update(piece);
  }

  facts(): { readonly size: number; readonly etag: string; readonly checksum?: Checksum } {
    const facts = { size: this.size, etag: this.md5.digest('hex') };
    if (!this.algorithm || !this.hasher) return facts;
    const value = this.hasher.digest().toString('base64');
    return { ...facts, checksum: { algorithm: this.algorithm, value, type: 'FULL_OBJECT' } };
  }
}
