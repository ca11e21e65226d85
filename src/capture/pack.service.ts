import { Injectable } from '@nestjs/common';
import { newId, sha256 } from '../core/ids.js';
import { ObjectStore } from '../platform/object-store/object-store.js';
import { encodePack } from '../platform/object-store/packs.js';
import { PackStore } from './pack.store.js';

const SAMPLES_A_PACK = 1_000;
/** A trickle is packed when its oldest payload is this old; until then it is read from Postgres. */
const MAX_OPEN_MINUTES = 60;
/** A pack reserved this long ago and still not stored belongs to a process that went away. */
const FORGOTTEN_SECONDS = 120;

/** Moves committed payloads into packs of about a thousand. */
@Injectable()
export class PackService {
  constructor(
    private readonly store: PackStore,
    private readonly objects: ObjectStore,
  ) {}

  /** Packs what is worth a pack. Safe to run at any time, twice, and from several processes. */
  async packOpen(projectId: string, now = new Date()): Promise<void> {
    for (const pack of await this.store.forgotten(projectId, FORGOTTEN_SECONDS)) await this.write(projectId, pack);
    while (await this.isWorthAPack(projectId, now)) {
      const id = newId();
      const pack = { id, objectKey: `packs/${projectId}/${id}.ndjson.gz` };
      if ((await this.store.claim(projectId, pack, SAMPLES_A_PACK)) === 0) return;
      await this.write(projectId, pack);
    }
  }

  private async isWorthAPack(projectId: string, now: Date): Promise<boolean> {
    const { count, oldestAt } = await this.store.open(projectId, SAMPLES_A_PACK);
    const oldestMinutes = oldestAt ? (now.getTime() - oldestAt.getTime()) / 60_000 : 0;
    return count >= SAMPLES_A_PACK || oldestMinutes > MAX_OPEN_MINUTES;
  }

  /** Object first, pointers after: no row ever points at an object that is not there. */
  private async write(projectId: string, { id, objectKey }: { id: string; objectKey: string }): Promise<void> {
    const payloads = await this.store.claimed(id);
    const { body, positions } = encodePack(payloads.map((payload) => payload.body));
    await this.objects.put(objectKey, body, 'application/gzip');
    const members = payloads.map((payload, i) => ({ ...payload, ...positions[i]! }));
    await this.store.stored(projectId, { id, bytes: body.length, sha256: sha256(body) }, members);
  }
}
