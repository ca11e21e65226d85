import { newId } from '../../core/ids.js';
import { bytesOf, floatsOf } from './model-files.js';
import type { ObjectStore } from '../object-store/object-store.js';

/** Counts the ways in which inputs were read and bases were computed: in another one the same input has other activations. */
const WAY = 3;

/** Where all activations of a base are, and those that are made in the way of today. */
export const activationPrefixes = (projectId: string, baseHash: string) => {
  const all = `activations/${projectId}/${baseHash}/`;
  return { all, ofToday: `${all}${WAY}/` };
};

/** More segments than this are written together into one. */
const MOST_SEGMENTS = 16;
const SAVE_EVERY_MS = 30_000;

/**
 * Activations of a frozen base by the content of their input, in the object store: what one run computed the next one
 * only reads. A segment is a JSON line with the content hashes and the width, then as many rows of float32. Content
 * decides, so neither order nor number of the segments matters.
 */
export class ActivationCache {
  private readonly known = new Map<string, Float32Array>();
  private fresh = new Map<string, Float32Array>();
  private savedAt = performance.now();

  private constructor(
    private readonly store: ObjectStore,
    private readonly prefix: string,
    private segments: readonly string[],
  ) {}

  /** @param prefix {@link activationPrefixes} */
  static async open(store: ObjectStore, prefix: string): Promise<ActivationCache> {
    const cache = new ActivationCache(store, prefix, await store.list(prefix));
    for (const key of cache.segments) cache.read(await store.get(key));
    return cache;
  }

  get(contentHash: string): Float32Array | undefined {
    return this.known.get(contentHash) ?? this.fresh.get(contentHash);
  }

  add(contentHash: string, activations: Float32Array): void {
    this.fresh.set(contentHash, activations);
  }

  /** As {@link save}, every half minute. */
  async saveNowAndThen(): Promise<void> {
    if (performance.now() - this.savedAt >= SAVE_EVERY_MS) await this.save();
  }

  /** Writes what is new; the segments before it are put together when they are many. */
  async save(): Promise<void> {
    this.savedAt = performance.now();
    const { fresh, segments } = this;
    if (fresh.size === 0) return;
    this.fresh = new Map();
    for (const [hash, activations] of fresh) this.known.set(hash, activations);
    const isMany = segments.length >= MOST_SEGMENTS;
    const key = `${this.prefix}${newId()}.bin`;
    this.segments = isMany ? [key] : [...segments, key];
    await this.store.put(key, encode(isMany ? this.known : fresh));
    if (isMany) for (const old of segments) await this.store.delete(old);
  }

  private read(segment: Buffer): void {
    const end = segment.indexOf('\n');
    const { hashes, width } = JSON.parse(segment.subarray(0, end).toString('utf8')) as {
      hashes: string[];
      width: number;
    };
    const values = floatsOf(segment.subarray(end + 1));
    hashes.forEach((hash, i) => this.known.set(hash, values.subarray(i * width, (i + 1) * width)));
  }
}

function encode(rows: ReadonlyMap<string, Float32Array>): Buffer {
  const width = [...rows.values()][0]!.length;
  const head = Buffer.from(`${JSON.stringify({ hashes: [...rows.keys()], width })}\n`);
  return Buffer.concat([head, ...[...rows.values()].map(bytesOf)]);
}
