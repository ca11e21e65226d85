import { promisify } from 'node:util';
import { gunzipSync, gzip } from 'node:zlib';
import type { PackPosition } from '../../core/manifest.js';
import type { ObjectStore } from './object-store.js';

const compress = promisify(gzip);

/**
 * Lines gathered into one gzip block: big enough to compress well, small enough to read one sample cheaply. It may never
 * change, as the position of a line is computed from it.
 */
const LINES_A_BLOCK = 50;
/** A fifth of the time of the usual 6 for a tenth more bytes. */
const LEVEL = 1;

export interface EncodedPack {
  readonly body: Buffer;
  /** Where each block begins. */
  readonly blockOffsets: readonly number[];
}

/** A pack as it lies in the object store. */
export interface StoredPack {
  readonly objectKey: string;
  readonly bytes: number;
  readonly blockOffsets: readonly number[];
}

/**
 * A pack is NDJSON in gzip members ("blocks"), one after the other: as a whole it is an ordinary .ndjson.gz that
 * zcat reads, and one sample is read by a range request for its block.
 */
export async function encodePack(lines: readonly string[]): Promise<EncodedPack> {
  const blocks: Buffer[] = [];
  const blockOffsets: number[] = [];
  let offset = 0;
  for (let start = 0; start < lines.length; start += LINES_A_BLOCK) {
    const text = lines.slice(start, start + LINES_A_BLOCK).map((line) => `${line}\n`);
    const block = await compress(text.join(''), { level: LEVEL });
    blocks.push(block);
    blockOffsets.push(offset);
    offset += block.length;
  }
  return { body: Buffer.concat(blocks), blockOffsets };
}

/** Where a line of a pack lies. */
export function positionInPack({ objectKey, bytes, blockOffsets }: StoredPack, line: number): PackPosition {
  const block = Math.floor(line / LINES_A_BLOCK);
  const offset = blockOffsets[block]!;
  const length = (blockOffsets[block + 1] ?? bytes) - offset;
  return { pack: objectKey, offset, length, line: line % LINES_A_BLOCK };
}

/** The lines of a whole pack or of one block of it. */
export const decodePack = (bytes: Buffer): string[] => gunzipSync(bytes).toString('utf8').split('\n').slice(0, -1);

/** One line, by a ranged read of its block. */
export async function readPackLine(store: ObjectStore, { pack, offset, length, line }: PackPosition): Promise<string> {
  return decodePack(await store.get(pack, { offset, length }))[line]!;
}
