import { open, type FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { readFooter } from './footer.js';

const STREAMED_BYTES = 1024 * 1024;

/** A committed file. It stays as it was when opened, even if another one takes its place meanwhile. */
export class StoredFile<Facts> {
  private constructor(
    private readonly file: FileHandle,
    readonly facts: Facts,
    readonly contentBytes: number,
  ) {}

  static async open<Facts>(path: string): Promise<StoredFile<Facts>> {
    const file = await open(path, 'r');
    try {
      const { value, contentBytes } = await readFooter(file);
      return new StoredFile(file, value as Facts, contentBytes);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** The bytes from `start` up to, not including, `end`. The file is closed when they have been read. */
  async content(start = 0, end = this.contentBytes): Promise<Buffer | Readable> {
    if (end - start > STREAMED_BYTES) return this.stream(start, end);
    try {
      const bytes = Buffer.allocUnsafe(end - start);
      const { bytesRead } = await this.file.read(bytes, 0, bytes.length, start);
      if (bytesRead !== bytes.length) throw new Error('A stored object is shorter than its footer says.');
      return bytes;
    } finally {
      await this.close();
    }
  }

  /** All of the content, piece by piece. The file is closed when it has been read or when the reader gives up. */
  pieces(): AsyncIterable<Buffer> {
    return this.contentBytes === 0 ? this.nothing() : this.stream(0, this.contentBytes);
  }

  close(): Promise<void> {
    return this.file.close();
  }

  private stream(start: number, end: number): Readable {
    return this.file.createReadStream({ start, end: end - 1, highWaterMark: STREAMED_BYTES });
  }

  private async *nothing(): AsyncGenerator<Buffer> {
    await this.close();
  }
}

/** Only what is known about a file, without its content. */
export async function factsOf<Facts>(path: string): Promise<Facts> {
  const stored = await StoredFile.open<Facts>(path);
  await stored.close();
  return stored.facts;
}
