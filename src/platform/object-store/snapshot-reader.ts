import { gunzipSync } from 'node:zlib';
import { blobFacts } from '../../core/blob.js';
import type { Input } from '../../core/input.js';
import { decodeManifest, type ManifestLine, type SnapshotSample } from '../../core/manifest.js';
import { readLine } from '../../core/pack-line.js';
import { groupBy, sum } from '../../core/tally.js';
import type { ObjectStore } from './object-store.js';
import { decodePack } from './packs.js';

/** The samples of a dataset snapshot with their inputs, those alone whose line is wanted. Order: as in the manifest. */
export async function readSnapshot(
  store: ObjectStore,
  manifestKey: string,
  wanted: (line: ManifestLine) => boolean = () => true,
): Promise<SnapshotSample[]> {
  const lines = decodeManifest(gunzipSync(await store.get(manifestKey)).toString('utf8'));
  return readInputs(store, lines.filter(wanted));
}

/** Where it is kept what a snapshot left out, for the run that also learns all history. */
export const historyKey = (manifestKey: string): string => `${manifestKey}.history`;

const HISTORY_AT_ONCE = 2_000;

/**
 * What the snapshot left out, with inputs, the latest first; nothing where nothing was kept.
 * @param mostCharacters of all inputs as JSON: pictures of a whole history would not fit into memory
 */
export async function readHistory(
  store: ObjectStore,
  manifestKey: string,
  mostCharacters: number,
): Promise<SnapshotSample[]> {
  const kept = await store.find(historyKey(manifestKey));
  const lines = kept ? decodeManifest(gunzipSync(kept).toString('utf8')).reverse() : [];
  const samples: SnapshotSample[] = [];
  let characters = 0;
  for (let from = 0; from < lines.length && characters < mostCharacters; from += HISTORY_AT_ONCE) {
    const some = await readInputs(store, lines.slice(from, from + HISTORY_AT_ONCE));
    characters += sum(some.map(({ input }) => JSON.stringify(input).length));
    samples.push(...some);
  }
  return samples;
}

/** Lines with their inputs, in the order given. Each pack is read once, however many of its samples are wanted. */
export async function readInputs(store: ObjectStore, lines: readonly ManifestLine[]): Promise<SnapshotSample[]> {
  const inputs = new Map<string, Input>();
  for (const [pack, members] of byPack(lines)) {
    const body = await store.get(pack);
    const blocks = new Map<number, string[]>();
    for (const { sampleId, at } of members) {
      const { offset, length, line } = at!;
      if (!blocks.has(offset)) blocks.set(offset, decodePack(body.subarray(offset, offset + length)));
      inputs.set(sampleId, readLine<{ input: Input }>(blocks.get(offset)![line]!).item!.input);
    }
  }
  const samples: SnapshotSample[] = [];
  for (const { at: _at, input: inLine, ...line } of lines) {
    samples.push({ ...line, input: await withBytes(store, inLine ?? inputs.get(line.sampleId)!) });
  }
  return samples;
}

/** An uploaded image becomes the image itself; other inputs are what they are. */
async function withBytes(store: ObjectStore, input: Input): Promise<Input> {
  const facts = 'blob' in input ? blobFacts(input.blob) : undefined;
  if (!facts?.isImage || !('blob' in input)) return input;
  const base64 = (await store.get(input.blob)).toString('base64');
  return { image: { contentType: facts.contentType, base64 } };
}

const byPack = (lines: readonly ManifestLine[]): Map<string, ManifestLine[]> =>
  groupBy(
    lines.filter(({ at }) => at),
    ({ at }) => at!.pack,
  );
