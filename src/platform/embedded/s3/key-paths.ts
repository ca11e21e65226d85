import { createHash } from 'node:crypto';

/**
 * Text in which every character is one byte of UTF-8, so that `<` and `startsWith` compare as S3 orders keys. Plain
 * strings would not: UTF-16 puts an emoji before U+FF5E, UTF-8 puts it after.
 */
export type KeyBytes = string;

export const bytesOfKey = (key: string): KeyBytes => Buffer.from(key, 'utf8').toString('latin1');
export const keyOfBytes = (bytes: KeyBytes): string => Buffer.from(bytes, 'latin1').toString('utf8');

/** Where an object lies below the folder of its bucket. */
export interface KeyPath {
  readonly folders: readonly string[];
  readonly file: string;
}

/** Neither ending nor name can come out of a key, as `@` is always escaped there. */
const OBJECT_ENDING = '@object';
export const LONG_KEYS_FOLDER = '@long';

/** File systems allow 255 bytes a name; macOS allows 1024 a path, of which the data directory needs its share. */
const MAX_NAME_BYTES = 240;
const MAX_PATH_BYTES = 600;

/**
 * The path says the key: `a/B.txt` is the file `a/+b.txt@object`. So an object `a` and a folder `a/` stand side by
 * side, nothing climbs out by `..`, and no two keys share a file where capitals or Unicode forms are not told apart.
 * A key that would be too long lies in a folder of its own under its hash; there only its footer knows the key.
 */
export function pathOfKey(key: string): KeyPath {
  const names = bytesOfKey(key).split('/').map(encodeSegment);
  const file = `${names.pop()!}${OBJECT_ENDING}`;
  const fits = [...names, file].every(({ length }) => length <= MAX_NAME_BYTES);
  if (fits && [...names, file].join('/').length <= MAX_PATH_BYTES) return { folders: names, file };
  return { folders: [LONG_KEYS_FOLDER], file: createHash('sha256').update(key).digest('hex') + OBJECT_ENDING };
}

/** The deepest folder that holds every key with this prefix, apart from the long keys. */
export function foldersOfPrefix(prefix: KeyBytes): { readonly folders: readonly string[]; readonly text: KeyBytes } {
  const text = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  return { folders: text.split('/').slice(0, -1).map(encodeSegment), text };
}

/** Lower case is kept to stay readable, a capital is `+` and its lower case, any other byte is `%` and two digits. */
export function encodeSegment(segment: KeyBytes): string {
  if (segment === '') return '%';
  return segment.replace(/^\.|[^a-z0-9._-]/g, (byte) =>
    /[A-Z]/.test(byte) ? `+${byte.toLowerCase()}` : `%${byte.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}

const NAME = /^(%|(?!\.)(?:[a-z0-9._-]|\+[a-z]|%[0-9a-f]{2})+)(@object)?$/;

/** What a name on disk stands for; undefined when somebody else put it there, as file managers do. */
export function decodeName(name: string): { readonly segment: KeyBytes; readonly isObject: boolean } | undefined {
  const [, encoded, ending] = NAME.exec(name) ?? [];
  if (encoded === undefined) return undefined;
  return { segment: encoded === '%' ? '' : decodeSegment(encoded), isObject: ending !== undefined };
}

function decodeSegment(encoded: string): KeyBytes {
  return encoded.replace(/\+([a-z])|%([0-9a-f]{2})/g, (_, letter: string | undefined, code: string) =>
    letter ? letter.toUpperCase() : String.fromCharCode(parseInt(code, 16)),
  );
}
