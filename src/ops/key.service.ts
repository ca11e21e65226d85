import { createHmac, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { LoopError } from '../core/errors.js';
import { isUuid, newApiKey, sha256 } from '../core/ids.js';
import { Expiring } from '../platform/expiring.js';
import { type Caller, KeyDirectory, type Scope, SCOPES } from '../platform/http/auth.js';
import { type KeyRow, KeyStore, type NewKey } from './key.store.js';

/** How long a revoked key may still work. */
const NOTICE_MS = 2_000;
const SESSION_SECONDS = 12 * 3600;

/** Who may do what: keys, of which only hashes are stored, and the sessions that browsers open with them. */
@Injectable()
export class KeyService extends KeyDirectory {
  private readonly callers = new Expiring(NOTICE_MS, (hash) => this.store.ofHash(hash));
  private readonly sessions = new Expiring(NOTICE_MS, (id) => this.store.ofId(id));

  constructor(private readonly store: KeyStore) {
    super();
  }

  async find(key: string): Promise<Caller | undefined> {
    return callerOf(await this.callers.get(sha256(key)));
  }

  /**
   * Opens a session: a token that names the key and its own end, signed with the key's hash. Nothing is stored, and it
   * dies with its key.
   */
  async openSession(key: string): Promise<{ token: string; seconds: number; caller: Caller } | undefined> {
    const row = await this.callers.get(sha256(key));
    const caller = callerOf(row);
    if (!row || !caller) return undefined;
    const claim = `${row.id}.${Math.floor(Date.now() / 1000) + SESSION_SECONDS}`;
    return { token: `${claim}.${signature(claim, row)}`, seconds: SESSION_SECONDS, caller };
  }

  async findSession(token: string): Promise<Caller | undefined> {
    const [id = '', until = '', signed = ''] = token.split('.');
    if (!isUuid(id) || !(Number(until) * 1000 > Date.now())) return undefined;
    const row = await this.sessions.get(id);
    const isGenuine = row && isEqual(signature(`${id}.${until}`, row), signed);
    return isGenuine ? callerOf(row) : undefined;
  }

  /** Makes a key of a project. This is the only time the key itself is seen. */
  async create(
    projectId: string,
    order: { name: string; scopes: readonly Scope[]; requestsAMinute?: number | undefined },
  ) {
    const key = newApiKey();
    return { ...shown(await this.store.insert(newRow(key, { projectId, ...order }))), key };
  }

  async list(projectId: string) {
    return { items: (await this.store.ofProject(projectId)).map(shown), nextCursor: null };
  }

  async revoke(projectId: string, id: string): Promise<void> {
    if (isUuid(id) && (await this.store.revoke(projectId, id))) return;
    throw new LoopError('not-found', `There is no living key ${id} in this project.`);
  }

  /** The keys that the configuration gives; another one of before stops working. */
  async keepFirstKeys(projectId: string, { apiKey, adminKey }: { apiKey: string; adminKey: string }): Promise<void> {
    await this.store.replace(newRow(apiKey, { projectId, name: 'first key', scopes: SCOPES }));
    await this.store.replace(newRow(adminKey, { projectId: null, name: 'first admin key', scopes: SCOPES }));
  }
}

function newRow(key: string, about: Omit<NewKey, 'prefix' | 'hash'>) {
  return { ...about, prefix: key.slice(0, 7), hash: sha256(key) };
}

const signature = (claim: string, { hash }: KeyRow): string =>
  createHmac('sha256', hash).update(claim).digest('base64url');

const isEqual = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));

function callerOf(row: KeyRow | null): Caller | undefined {
  return row
    ? {
        keyId: row.id,
        keyName: row.name,
        projectId: row.projectId,
        scopes: row.scopes as Scope[],
        requestsAMinute: row.requestsAMinute,
      }
    : undefined;
}

/** A key as the API shows it. */
function shown({ hash: _hash, ...row }: KeyRow) {
  return row;
}
