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

/** A run's seed: repeatable, a function of its id. */
export const seedOf = (runId: string): number => Number.parseInt(sha256(runId).slice(0, 7), 16);

/** SHA-256 in hex. */
export const sha256 = (data: string | Buffer): string => hash('sha256', data, 'hex');

/**
 * JSON with keys in code unit order and no `undefined`, so that equal values have equal texts. Hashes of it are stored:
 * its text may never change.
 */
export function canonicalJson(value: unknown): string {
  const sorted = withSortedKeys(value);
  return sorted === UNSORTABLE ? spelledOut(value) : JSON.stringify(sorted);
}

/** An object keeps keys that are numbers in an order of its own, and has its own idea of `__proto__`. */
const UNSORTABLE = Symbol('keys that cannot be set in order');
const isPeculiar = (key: string): boolean => /^(\d|__proto__$)/.test(key);

/** The value with sorted keys, which the engine then writes much faster than we could; itself where it is sorted already. */
function withSortedKeys(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.some(isObject) ? eachSorted(value) : value;
  const keys = Object.keys(value);
  if (!areSorted(keys)) keys.sort();
  const sorted: Record<string, unknown> = {};
  for (const key of keys) {
    const member = withSortedKeys((value as Readonly<Record<string, unknown>>)[key]);
    if (member === UNSORTABLE || isPeculiar(key)) return UNSORTABLE;
    sorted[key] = member;
  }
  return sorted;
}

/** Looking costs a tenth of sorting, and most objects come with the same few keys in order. */
function areSorted(keys: readonly string[]): boolean {
  for (let i = 1; i < keys.length; i += 1) if (keys[i - 1]! > keys[i]!) return false;
  return true;
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;

function eachSorted(values: readonly unknown[]): unknown {
  const sorted = values.map(withSortedKeys);
  return sorted.includes(UNSORTABLE) ? UNSORTABLE : sorted;
}

function spelledOut(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => spelledOut(item ?? null)).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  let members = '';
  for (const key of Object.keys(value).sort()) {
    const member = (value as Readonly<Record<string, unknown>>)[key];
    if (member === undefined) continue;
    members += `${members && ','}${JSON.stringify(key)}:${spelledOut(member)}`;
  }
  return `{${members}}`;
}

/** Whether a text has the form of a UUID; ids of callers may be anything, those of runs and snapshots are UUIDs. */
export const isUuid = (text: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);

/** 256 random bits under a prefix by which scanners for leaked secrets know it. */
export const newApiKey = (): string => `fw_${randomBytes(32).toString('base64url')}`;
