import { hash, randomBytes, randomFillSync } from 'node:crypto';

/** UUID version 7 (RFC 9562): 48 bits of Unix milliseconds, then random bits, so that ids sort by time. */
export function newId(now = Date.now(), random: Uint8Array = tenRandomBytes()): string {
  const bytes = Buffer.alloc(16);
  bytes.writeUIntBE(now, 0, 6);
  bytes.set(random, 6);
  bytes[6] = 0x70 | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** Drawn a few hundred at a time: asking the system for each id would cost more than all else of it. */
const POOL = Buffer.alloc(4_000);
let poolUsed = POOL.length;

function tenRandomBytes(): Uint8Array {
  if (poolUsed === POOL.length) {
    randomFillSync(POOL);
    poolUsed = 0;
  }
  poolUsed += 10;
  return POOL.subarray(poolUsed - 10, poolUsed);
}

/** The same text, the same UUID (version 8, RFC 9562): for what must have one id however often it is asked for. */
export function idFrom(text: string): string {
  const hex = sha256(text);
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  );
}

/** SHA-256 in hex. */
export const sha256 = (data: string | Buffer): string => hash('sha256', data, 'hex');

/** JSON with sorted keys and no `undefined`, so that equal values have equal texts. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  let members = '';
  for (const key of Object.keys(value).sort()) {
    const member = (value as Readonly<Record<string, unknown>>)[key];
    if (member === undefined) continue;
    members += `${members && ','}${JSON.stringify(key)}:${canonicalJson(member)}`;
  }
  return `{${members}}`;
}

/** Whether a text has the form of a UUID; ids of callers may be anything, those of runs and snapshots are UUIDs. */
export const isUuid = (text: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);

/** 256 random bits under a prefix by which scanners for leaked secrets know it. */
export const newApiKey = (): string => `fw_${randomBytes(32).toString('base64url')}`;
