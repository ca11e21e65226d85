import { newId, sha256 } from '../../core/ids.js';
import type { ObjectStore } from './object-store.js';
import { encodePack } from './packs.js';

/** A pack has about so much of one or of the other. */
export const ENOUGH = { lines: 1_000, bytes: 8 * 1024 * 1024 } as const;
/** A trickle waits in Postgres until it has so many lines: never more than five objects for a thousand of them. */
const FEWEST_LINES = 200;
/** When there are as many, they are packed after so long; when there are not, after very long. */
const PATIENCE_MINUTES = { many: 60, few: 30 * 24 * 60 };
/** A pack reserved this long ago and still not stored belongs to a process that went away. */
const FORGOTTEN_SECONDS = 30;

export interface ReservedPack {
  readonly id: string;
  readonly objectKey: string;
}

export interface WrittenPack {
  readonly id: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly blockOffsets: readonly number[];
}

/** What waits to be packed (as far as one pack may want it), and since when the oldest does. */
export interface OpenLines {
  readonly lines: number;
  readonly bytes: number;
  readonly oldestAt: Date | null;
}

/** Rows that wait for a pack. Everything may be called from several processes at once. */
export interface PackSource {
  open(projectId: string): Promise<OpenLines>;
  /** Reserves a pack and claims the oldest open lines for it, in one transaction. Tells how many. */
  claim(projectId: string, pack: ReservedPack): Promise<number>;
  /** The lines of a reserved pack, always in the same order: packing again writes the same bytes. */
  claimed(packId: string): Promise<string[]>;
  /** Packs that were reserved by a process that then went away. */
  forgotten(projectId: string, olderThanSeconds: number): Promise<ReservedPack[]>;
  /** The object is in the store: from now on its lines may be read there. */
  stored(pack: WrittenPack): Promise<void>;
}

/** Moves committed lines into packs of about a thousand, under keys that begin with `prefix`. */
export class Packer {
  constructor(
    private readonly source: PackSource,
    private readonly objects: ObjectStore,
    private readonly prefix: string,
  ) {}

  /** Packs what is worth a pack. Safe to run at any time, twice, and from several processes. */
  async packOpen(projectId: string, now: Date): Promise<void> {
    for (const pack of await this.source.forgotten(projectId, FORGOTTEN_SECONDS)) await this.write(pack);
    while (await this.isWorthAPack(projectId, now)) {
      const id = newId();
      const pack = { id, objectKey: `${this.prefix}/${projectId}/${id}.ndjson.gz` };
      if ((await this.source.claim(projectId, pack)) === 0) return;
      await this.write(pack);
    }
  }

  private async isWorthAPack(projectId: string, now: Date): Promise<boolean> {
    const { lines, bytes, oldestAt } = await this.source.open(projectId);
    if (lines >= ENOUGH.lines || bytes >= ENOUGH.bytes) return true;
    const oldestMinutes = oldestAt ? (now.getTime() - oldestAt.getTime()) / 60_000 : 0;
    return oldestMinutes > (lines >= FEWEST_LINES ? PATIENCE_MINUTES.many : PATIENCE_MINUTES.few);
  }

  /** Object first, its place after: no row ever points at an object that is not there. */
  private async write({ id, objectKey }: ReservedPack): Promise<void> {
    const lines = await this.source.claimed(id);
    // Another process has stored it meanwhile, and its lines have left.
    if (lines.length === 0) return;
    const { body, blockOffsets } = await encodePack(lines);
    await this.objects.put(objectKey, body, 'application/gzip');
    await this.source.stored({ id, bytes: body.length, sha256: sha256(body), blockOffsets });
  }
}
