import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ifThere } from './errors.js';
import { bytesOfKey, decodeName, foldersOfPrefix, LONG_KEYS_FOLDER, type KeyBytes } from './key-paths.js';
import type { ObjectFacts } from './object-files.js';
import { factsOf } from './stored-file.js';
import { mapInFlight } from './turns.js';

/** Which keys are wanted. The reader may move `passed` while it reads: keys below it are then skipped unread. */
export interface Wanted {
  readonly prefix: KeyBytes;
  /** Keys up to and including this one are left out. */
  readonly after: KeyBytes;
  passed: KeyBytes | undefined;
}

const READS_IN_FLIGHT = 16;

/** Keys of a bucket in the order of S3. Reads only folders that can hold a wanted key. */
export async function* keysOf(bucketPath: string, wanted: Wanted): AsyncGenerator<KeyBytes> {
  const long = await longKeys(bucketPath, wanted);
  let next = 0;
  const { folders, text } = foldersOfPrefix(wanted.prefix);
  for await (const key of walk(join(bucketPath, ...folders), text, wanted)) {
    while (next < long.length && long[next]! < key) yield long[next++]!;
    yield key;
  }
  yield* long.slice(next);
}

/** Of a folder `a/`, all keys come before or after any other name beside it, so going down in order is enough. */
async function* walk(path: string, text: KeyBytes, wanted: Wanted): AsyncGenerator<KeyBytes> {
  for (const { name, key, isObject } of await entriesOf(path, text, wanted)) {
    if (isPassed(key, wanted)) continue;
    if (isObject) yield key;
    else yield* walk(join(path, name), key, wanted);
  }
}

interface Entry {
  readonly name: string;
  /** The key of an object, or what the keys in a folder begin with: it ends with a slash. */
  readonly key: KeyBytes;
  readonly isObject: boolean;
}

async function entriesOf(path: string, text: KeyBytes, wanted: Wanted): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const found of await entriesIn(path)) {
    const decoded = decodeName(found.name);
    if (!decoded || decoded.isObject === found.isDirectory()) continue;
    const key = text + decoded.segment + (decoded.isObject ? '' : '/');
    const entry = { name: found.name, key, isObject: decoded.isObject };
    if (mayBeWanted(entry, wanted)) entries.push(entry);
  }
  return entries.sort((a, b) => (a.key < b.key ? -1 : 1));
}

function mayBeWanted({ key, isObject }: Entry, { prefix, after }: Wanted): boolean {
  if (isObject) return key.startsWith(prefix) && key > after;
  return (key.startsWith(prefix) || prefix.startsWith(key)) && (key > after || after.startsWith(key));
}

const isPassed = (key: KeyBytes, { passed }: Wanted) => passed !== undefined && key.startsWith(passed);

/** Their files do not say the key, so every one is opened. They are rare. */
async function longKeys(bucketPath: string, wanted: Wanted): Promise<KeyBytes[]> {
  const folder = join(bucketPath, LONG_KEYS_FOLDER);
  const keys = await mapInFlight(await entriesIn(folder), READS_IN_FLIGHT, async ({ name }) => {
    const facts = await ifThere(factsOf<ObjectFacts>(join(folder, name)));
    return facts && bytesOfKey(facts.key);
  });
  return keys
    .filter((key) => key !== undefined)
    .filter((key) => mayBeWanted({ name: '', key, isObject: true }, wanted))
    .sort();
}

/** A prefix that nobody uses has no folder. */
async function entriesIn(path: string) {
  return (await ifThere(readdir(path, { withFileTypes: true }))) ?? [];
}
