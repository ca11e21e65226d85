import { createHash } from 'node:crypto';
import { S3Error } from './errors.js';
import { hmac, sameText, sha256Hex, type Signed } from './signature.js';

/** No line of the framing is near this; a client that sends none must not fill the memory. */
const MAX_LINE_BYTES = 8192;
const MAX_TRAILERS = 16;

/** Reads lines and counted bytes off a stream of arbitrary pieces. */
class PieceReader {
  private readonly pieces: AsyncIterator<Buffer>;
  private held: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.pieces = source[Symbol.asyncIterator]();
  }

  async line(): Promise<string> {
    let end = this.held.indexOf('\r\n');
    while (end < 0) {
      if (this.held.length > MAX_LINE_BYTES) throw new S3Error('InvalidRequest', 'A chunk header is too long.');
      this.held = Buffer.concat([this.held, await this.next()]);
      end = this.held.indexOf('\r\n');
    }
    const text = this.held.toString('latin1', 0, end);
    this.held = this.held.subarray(end + 2);
    return text;
  }

  /** At least one byte and at most `most`. */
  async some(most: number): Promise<Buffer> {
    if (this.held.length === 0) this.held = await this.next();
    const piece = this.held.subarray(0, most);
    this.held = this.held.subarray(piece.length);
    return piece;
  }

  private async next(): Promise<Buffer> {
    const { done, value } = await this.pieces.next();
    if (done) throw new S3Error('IncompleteBody', 'The body ended before its last chunk.');
    return value;
  }
}

/** Each signature covers the one before it, so that chunks cannot be left out, repeated or swapped. */
class SignatureChain {
  private previous: string;

  constructor(private readonly signed: Signed) {
    this.previous = signed.signature;
  }

  check(kind: 'PAYLOAD' | 'TRAILER', given: string | undefined, hashes: readonly string[]): void {
    const { key, timestamp, scope } = this.signed;
    const text = [`AWS4-HMAC-SHA256-${kind}`, timestamp, scope, this.previous, ...hashes].join('\n');
    const expected = hmac(key, text).toString('hex');
    if (!sameText(expected, given ?? ''))
      throw new S3Error('SignatureDoesNotMatch', 'The signature of a chunk does not match.');
    this.previous = expected;
  }
}

const EMPTY_HASH = sha256Hex('');

/** The content of an `aws-chunked` body. Trailers are there once the last piece has been read. */
export class ChunkedBody {
  readonly trailers = new Map<string, string>();
  private readonly reader: PieceReader;
  private readonly chain: SignatureChain | undefined;
  private readonly hasTrailers: boolean;

  constructor(source: AsyncIterable<Buffer>, signed: Signed) {
    this.reader = new PieceReader(source);
    this.chain = signed.payloadHash.startsWith('STREAMING-AWS4-') ? new SignatureChain(signed) : undefined;
    this.hasTrailers = signed.payloadHash.endsWith('-TRAILER');
  }

  async *content(): AsyncGenerator<Buffer> {
    for (;;) {
      const { size, signature } = parseChunkHeader(await this.reader.line());
      yield* this.chunk(size, signature);
      if (size === 0) break;
      if ((await this.reader.line()) !== '') throw new S3Error('InvalidRequest', 'A chunk is longer than it says.');
    }
    await this.readTrailers();
  }

  private async *chunk(size: number, signature: string | undefined): AsyncGenerator<Buffer> {
    const hash = this.chain && createHash('sha256');
    for (let left = size; left > 0;) {
      const piece = await this.reader.some(left);
      left -= piece.length;
      hash?.update(piece);
      yield piece;
    }
    if (hash) this.chain?.check('PAYLOAD', signature, [EMPTY_HASH, hash.digest('hex')]);
  }

  private async readTrailers(): Promise<void> {
    for (let line = await this.reader.line(); line !== ''; line = await this.reader.line()) {
      const colon = line.indexOf(':');
      this.trailers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
      if (this.trailers.size > MAX_TRAILERS) throw new S3Error('InvalidRequest', 'There are too many trailers.');
    }
    if (!this.hasTrailers || !this.chain) return;
    const signature = this.trailers.get('x-amz-trailer-signature');
    this.trailers.delete('x-amz-trailer-signature');
    const canonical = [...this.trailers].map(([name, value]) => `${name}:${value}\n`).join('');
    this.chain.check('TRAILER', signature, [sha256Hex(canonical)]);
  }
}

function parseChunkHeader(line: string): { size: number; signature: string | undefined } {
  const match = /^([0-9a-fA-F]{1,12})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(line);
  if (!match) throw new S3Error('InvalidRequest', 'A chunk header cannot be read.');
  return { size: parseInt(match[1]!, 16), signature: match[2] };
}
