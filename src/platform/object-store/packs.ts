import { promisify } from 'node:util';
import { gunzipSync, gzip, inflateRawSync } from 'node:zlib';
import type { PackPosition } from '../../core/manifest.js';
import type { ObjectStore } from './object-store.js';

const gzipped = promisify(gzip);

/**
 * Lines gathered into one gzip block: big enough to compress well, small enough to read one sample cheaply. It may never
 * change, as the position of a line is computed from it.
 */
const LINES_A_BLOCK = 50;
/** A fifth of the time of the usual 6 for a tenth more bytes. */
const LEVEL = 1;

/** As a gzip file; made beside the event loop. */
export const compressed = (text: string): Promise<Buffer> => gzipped(text, { level: LEVEL });

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
    const block = await compressed(text.join(''));
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

/** Of the header that Node's gzip writes, without optional fields; and of the checksum and length behind a member. */
const [HEADER_BYTES, TRAILER_BYTES] = [10, 8];

/** Where each block of a pack begins, found from its bytes alone. Throws for bytes that are no pack. */
export function blockOffsetsOf(pack: Buffer): number[] {
  const offsets: number[] = [];
  for (let offset = 0; offset < pack.length;) {
    offsets.push(offset);
    const { engine } = inflateRawSync(pack.subarray(offset + HEADER_BYTES), { info: true }) as unknown as {
      engine: { bytesWritten: number };
    };
    offset += HEADER_BYTES + engine.bytesWritten + TRAILER_BYTES;
  }
  return offsets;
}

/** One line, by a ranged read of its block. */
export async function readPackLine(store: ObjectStore, { pack, offset, length, line }: PackPosition): Promise<string> {
  return decodePack(await store.get(pack, { offset, length }))[line]!;
}

/** A pack as its key names it. */
export interface PackKey {
  readonly id: string;
  readonly projectId: string;
  readonly objectKey: string;
}

/** Packs in the store, under keys that begin with `prefix`, of which `known` does not know the ids. */
export async function unknownPacks(
  store: ObjectStore,
  prefix: string,
  known: (packIds: readonly string[]) => Promise<ReadonlySet<string>>,
): Promise<PackKey[]> {
  const keys = packKeys(await store.list(prefix));
  const ids = await known(keys.map(({ id }) => id));
  return keys.filter(({ id }) => !ids.has(id));
}

/** Packs among the keys of a listing, whatever its order; other objects are left out. */
const packKeys = (keys: readonly string[]): PackKey[] =>
  keys.flatMap((objectKey) => {
    const [, projectId, id] = /^[a-z]+\/([^/]+)\/([0-9a-f-]{36})\.ndjson\.gz$/.exec(objectKey) ?? [];
    return projectId && id ? [{ id, projectId, objectKey }] : [];
  });
