import { Injectable } from '@nestjs/common';
import { newId, sha256 } from '../core/ids.js';
import { ObjectStore } from '../platform/object-store/object-store.js';
import { encodePack } from '../platform/object-store/packs.js';
import { PackStore } from './pack.store.js';

/** A pack has about so much of one or of the other. */
const ENOUGH = { samples: 1_000, bytes: 8 * 1024 * 1024 };
/** A trickle is packed when its oldest payload is this old; until then it is read from Postgres. */
const MAX_OPEN_MINUTES = 60;
/** A pack reserved this long ago and still not stored belongs to a process that went away. */
const FORGOTTEN_SECONDS = 30;

/** Moves committed payloads into packs of about a thousand. */
@Injectable()
export class PackService {
  constructor(
    private readonly store: PackStore,
    private readonly objects: ObjectStore,
  ) {}

  /** Packs what is worth a pack. Safe to run at any time, twice, and from several processes. */
  async packOpen(projectId: string, now = new Date()): Promise<void> {
    for (const pack of await this.store.forgotten(projectId, FORGOTTEN_SECONDS)) await this.write(pack);
    while (await this.isWorthAPack(projectId, now)) {
      const id = newId();
      const pack = { id, objectKey: `packs/${projectId}/${id}.ndjson.gz` };
      if ((await this.store.claim(projectId, pack, ENOUGH)) === 0) return;
      await this.write(pack);
    }
  }

  private async isWorthAPack(projectId: string, now: Date): Promise<boolean> {
    const { samples, bytes, oldestAt } = await this.store.open(projectId);
    const oldestMinutes = oldestAt ? (now.getTime() - oldestAt.getTime()) / 60_000 : 0;
    return samples >= ENOUGH.samples || bytes >= ENOUGH.bytes || oldestMinutes > MAX_OPEN_MINUTES;
  }

  /** Object first, its place after: no row ever points at an object that is not there. */
  private async write({ id, objectKey }: { id: string; objectKey: string }): Promise<void> {
    const bodies = await this.store.claimed(id);
    const { body, blockOffsets } = await encodePack(bodies.flatMap((lines) => lines.split('\n')));
    await this.objects.put(objectKey, body, 'application/gzip');
    await this.store.stored({ id, bytes: body.length, sha256: sha256(body), blockOffsets });
  }
}
