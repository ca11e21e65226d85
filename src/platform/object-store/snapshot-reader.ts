import { gunzipSync } from 'node:zlib';
import { type Input, uploadedImage } from '../../core/input.js';
import { decodeManifest, type ManifestLine, type SnapshotSample } from '../../core/manifest.js';
import { readLine } from '../../core/pack-line.js';
import { groupBy } from '../../core/tally.js';
import type { ObjectStore } from './object-store.js';
import { decodePack } from './packs.js';

/** Objects fetched at once: a pack may be some megabytes, an uploaded picture is less. */
const [PACKS_AT_ONCE, BLOBS_AT_ONCE] = [4, 16];

/** The inputs of a snapshot take more room than there is. */
export class InputsTooLarge extends Error {
  override readonly name = 'InputsTooLarge';
}

/**
 * The samples of a dataset snapshot with their inputs, those alone whose line is wanted. Order: as in the manifest.
 * Throws {@link InputsTooLarge} when their inputs take more than `mostBytes` of memory, about.
 */
export async function readSnapshot(
  store: ObjectStore,
  manifestKey: string,
  wanted: (line: ManifestLine) => boolean = () => true,
  mostBytes = Infinity,
): Promise<SnapshotSample[]> {
  const lines = manifestLines(await store.get(manifestKey));
  return readInputs(store, lines.filter(wanted), mostBytes);
}

/** The lines of a manifest as it is kept. */
export const manifestLines = (body: Buffer): ManifestLine[] => decodeManifest(gunzipSync(body).toString('utf8'));

/** Lines with their inputs, in the order given. Each pack is read once, however many of its samples are wanted. */
export async function readInputs(
  store: ObjectStore,
  lines: readonly ManifestLine[],
  mostBytes = Infinity,
): Promise<SnapshotSample[]> {
  const inputs = new Map<string, Input>();
  let bytes = 0;
  const counted = (input: Input): Input => {
    bytes += bytesOf(input);
    if (bytes > mostBytes)
      throw new InputsTooLarge(`the inputs of ${lines.length} samples take more than ${mostBytes} bytes`);
    return input;
  };
  const readPack = async ([pack, members]: readonly [string, readonly ManifestLine[]]): Promise<void> => {
    const body = await store.get(pack);
    const blocks = new Map<number, string[]>();
    for (const { sampleId, at } of members) {
      const { offset, length, line } = at!;
      if (!blocks.has(offset)) blocks.set(offset, decodePack(body.subarray(offset, offset + length)));
      inputs.set(sampleId, counted(readLine<{ input: Input }>(blocks.get(offset)![line]!).item!.input));
    }
  };
  await severalAtOnce([...byPack(lines)], PACKS_AT_ONCE, readPack);
  const read = async ({ at: _at, input: inLine, ...line }: ManifestLine): Promise<SnapshotSample> => {
    const input = inLine ? counted(inLine) : inputs.get(line.sampleId)!;
    const whole = await withBytes(store, input);
    return { ...line, input: whole === input ? input : counted(whole) };
  };
  return severalAtOnce(lines, BLOBS_AT_ONCE, read);
}

/** What is made of each item, in order. */
async function severalAtOnce<Item, Made>(
  items: readonly Item[],
  atOnce: number,
  make: (item: Item) => Promise<Made>,
): Promise<Made[]> {
  const made: Made[] = [];
  for (let from = 0; from < items.length; from += atOnce)
    made.push(...(await Promise.all(items.slice(from, from + atOnce).map(make))));
  return made;
}

/** In memory, about. */
function bytesOf(input: Input): number {
  if ('text' in input) return input.text.length;
  if ('vector' in input) return 8 * input.vector.length;
  return 'image' in input ? input.image.base64.length : input.blob.length;
}

/** An uploaded image becomes the image itself; other inputs are what they are. */
async function withBytes(store: ObjectStore, input: Input): Promise<Input> {
  const uploaded = uploadedImage(input);
  if (!uploaded) return input;
  const base64 = (await store.get(uploaded.key)).toString('base64');
  return { image: { contentType: uploaded.contentType, base64 } };
}

const byPack = (lines: readonly ManifestLine[]): Map<string, ManifestLine[]> =>
  groupBy(
    lines.filter(({ at }) => at),
    ({ at }) => at!.pack,
  );
