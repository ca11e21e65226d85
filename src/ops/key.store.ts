import { Injectable } from '@nestjs/common';
import { newId } from '../core/ids.js';
import { Database } from '../platform/database/database.js';
import type { Scope } from '../platform/http/auth.js';

export type KeyRow = Awaited<ReturnType<Database['prisma']['apiKey']['findFirstOrThrow']>>;

/** A key to be stored: never the key itself. */
export interface NewKey {
  /** null for an operator's key. */
  readonly projectId: string | null;
  readonly name: string;
  /** The first characters, by which a person recognises it. */
  readonly prefix: string;
  readonly hash: string;
  readonly scopes: readonly Scope[];
  readonly requestsAMinute?: number | undefined;
}

@Injectable()
export class KeyStore {
  constructor(private readonly db: Database) {}

  ofHash(hash: string): Promise<KeyRow | null> {
    return this.db.prisma.apiKey.findFirst({ where: { hash, revokedAt: null } });
  }

  ofId(id: string): Promise<KeyRow | null> {
    return this.db.prisma.apiKey.findFirst({ where: { id, revokedAt: null } });
  }

  ofProject(projectId: string): Promise<KeyRow[]> {
    return this.db.prisma.apiKey.findMany({ where: { projectId }, orderBy: { createdAt: 'asc' } });
  }

  async insert(key: NewKey): Promise<KeyRow> {
    return this.db.prisma.apiKey.create({ data: { id: newId(), ...key, scopes: [...key.scopes] } });
  }

  /** The key of this name is this one from now on: another of the same name is revoked. */
  async replace(key: NewKey): Promise<void> {
    await this.db.transaction(async (query) => {
      await query(
        `update api_key set revoked_at = now()
         where project_id is not distinct from $1 and name = $2 and hash <> $3 and revoked_at is null`,
        [key.projectId, key.name, key.hash],
      );
      await query(
        `insert into api_key (id, project_id, name, prefix, hash, scopes) values ($1, $2, $3, $4, $5, $6)
         on conflict (hash) do nothing`,
        [newId(), key.projectId, key.name, key.prefix, key.hash, key.scopes],
      );
    });
  }

  /** False when there is no such living key. */
  async revoke(projectId: string, id: string): Promise<boolean> {
    const { count } = await this.db.prisma.apiKey.updateMany({
      where: { projectId, id, revokedAt: null },
      data: { revokedAt: new Date() },
    });
    return count > 0;
  }
}
