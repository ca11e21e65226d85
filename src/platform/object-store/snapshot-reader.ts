import { gunzipSync } from 'node:zlib';
import { blobFacts } from '../../core/blob.js';
import type { Input } from '../../core/input.js';
import { decodeManifest, type ManifestLine, type SnapshotSample } from '../../core/manifest.js';
import { readLine } from '../../core/pack-line.js';
import { groupBy } from '../../core/tally.js';
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
