import { gunzipSync, gzipSync } from 'node:zlib';
import type { PackPosition } from '../../core/manifest.js';
import type { ObjectStore } from './object-store.js';

/** Lines gathered into one gzip block: big enough to compress well, small enough to read one sample cheaply. */
const LINES_A_BLOCK = 50;

export interface EncodedPack {
  readonly body: Buffer;
  /** Position of each line, in the order of the lines. */
  readonly positions: readonly Omit<PackPosition, 'pack'>[];
}

/**
 * A pack is NDJSON in gzip members ("blocks"), one after the other: as a whole it is an ordinary .ndjson.gz that
 * zcat reads, and one sample is read by a range request for its block.
 */
export function encodePack(lines: readonly string[]): EncodedPack {
  const blocks: Buffer[] = [];
  const positions: Omit<PackPosition, 'pack'>[] = [];
  let offset = 0;
  for (let start = 0; start < lines.length; start += LINES_A_BLOCK) {
    const block = lines.slice(start, start + LINES_A_BLOCK);
    const bytes = gzipSync(block.map((line) => `${line}\n`).join(''), { level: 6 });
    block.forEach((_, line) => positions.push({ offset, length: bytes.length, line }));
    blocks.push(bytes);
    offset += bytes.length;
  }
  return { body: Buffer.concat(blocks), positions };
}

/** The lines of a whole pack or of one block of it. */
export const decodePack = (bytes: Buffer): string[] => gunzipSync(bytes).toString('utf8').split('\n').slice(0, -1);

/** One line, by a ranged read of its block. */
export async function readPackLine(store: ObjectStore, { pack, offset, length, line }: PackPosition): Promise<string> {
  return decodePack(await store.get(pack, { offset, length }))[line]!;
}
