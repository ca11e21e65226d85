import type { FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';

/** The last bytes of a file: length of the JSON before them, its CRC32, and a mark with the version of this format. */
const MARK = Buffer.from('FLYS3-01');
const TAIL_BYTES = 8 + MARK.length;

/** Nearly every footer fits, so that one read is enough. */
const FIRST_READ_BYTES = 2048;

export interface Footer {
  readonly value: unknown;
  readonly contentBytes: number;
}

/** Facts about a content, to be written right behind it: one rename then commits both or neither. */
export function encodeFooter(value: unknown): Buffer {
  const json = Buffer.from(JSON.stringify(value));
  const tail = Buffer.alloc(8);
  tail.writeUInt32BE(json.length, 0);
  tail.writeUInt32BE(crc32(json), 4);
  return Buffer.concat([json, tail, MARK]);
}

/** Throws when the end of the file is not a whole footer, which only damage to the disk can cause. */
export async function readFooter(file: FileHandle): Promise<Footer> {
  const { size } = await file.stat();
  let end = await readEnd(file, size, FIRST_READ_BYTES);
  if (end.length < TAIL_BYTES || !end.subarray(-MARK.length).equals(MARK)) throw damaged();
  const jsonBytes = end.readUInt32BE(end.length - TAIL_BYTES);
  const footerBytes = jsonBytes + TAIL_BYTES;
  if (footerBytes > size) throw damaged();
  if (footerBytes > end.length) end = await readEnd(file, size, footerBytes);
  const json = end.subarray(end.length - footerBytes, end.length - TAIL_BYTES);
  if (crc32(json) !== end.readUInt32BE(end.length - TAIL_BYTES + 4)) throw damaged();
  return { value: JSON.parse(json.toString('utf8')), contentBytes: size - footerBytes };
}

async function readEnd(file: FileHandle, size: number, wanted: number): Promise<Buffer> {
  const bytes = Buffer.alloc(Math.min(size, wanted));
  const { bytesRead } = await file.read(bytes, 0, bytes.length, size - bytes.length);
  return bytes.subarray(0, bytesRead);
}

const damaged = () => new Error('A stored object is damaged: its footer cannot be read.');
