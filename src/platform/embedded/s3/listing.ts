import { numberOf, quoted, xmlReply, type S3Call } from './call.js';
import { ifThere, S3Error } from './errors.js';
import { bytesOfKey, keyOfBytes, type KeyBytes } from './key-paths.js';
import type { ObjectFacts, ObjectFiles } from './object-files.js';
import type { S3Reply, S3Request } from './request.js';
import { uriEncode } from './signature.js';
import { factsOf } from './stored-file.js';
import { mapInFlight } from './turns.js';
import { keysOf } from './walk.js';
import type { XmlNode } from './xml.js';

interface Question {
  readonly prefix: KeyBytes;
  readonly delimiter: KeyBytes;
  readonly maxKeys: number;
  readonly from: Position;
}

/** Where a listing goes on: after a key, or after everything that a common prefix stood for. */
interface Position {
  readonly after: KeyBytes;
  readonly passed: KeyBytes | undefined;
}

interface Page {
  readonly keys: readonly KeyBytes[];
  readonly commonPrefixes: readonly KeyBytes[];
  /** The place to go on from; undefined when nothing is left. */
  readonly next: Position | undefined;
}

const MAX_KEYS = 1000;
const READS_IN_FLIGHT = 16;

export async function listObjectsV2({ request, files }: S3Call): Promise<S3Reply> {
  const { query } = request;
  const token = query.get('continuation-token');
  const startAfter = query.get('start-after');
  const from = token === undefined ? afterKey(bytesOfKey(startAfter ?? '')) : positionOf(token);
  const { common, page } = await list(request, files, from);
  return xmlReply('ListBucketResult', {
    ...common,
    KeyCount: common.Contents.length + page.commonPrefixes.length,
    StartAfter: startAfter === undefined ? undefined : spelling(request)(startAfter),
    ContinuationToken: token,
    NextContinuationToken: page.next && tokenOf(page.next),
  });
}

/** The older form, which tells its place by a key. A marker that is a common prefix stands for all below it. */
export async function listObjects({ request, files }: S3Call): Promise<S3Reply> {
  const marker = request.query.get('marker') ?? '';
  const delimiter = request.query.get('delimiter') ?? '';
  const isPrefix = delimiter !== '' && marker.endsWith(delimiter);
  const from = { ...afterKey(bytesOfKey(marker)), passed: isPrefix ? bytesOfKey(marker) : undefined };
  const { common, page } = await list(request, files, from);
  const spell = spelling(request);
  const next = page.next && spell(keyOfBytes(page.next.after));
  return xmlReply('ListBucketResult', { ...common, Marker: spell(marker), NextMarker: next });
}

async function list(request: S3Request, files: ObjectFiles, from: Position) {
  await files.needBucket(request.bucket);
  const question = questionOf(request, from);
  const page = await readPage(files.bucketPath(request.bucket), question);
  const spell = spelling(request);
  const spellBytes = (bytes: KeyBytes) => spell(keyOfBytes(bytes));
  const common = {
    Name: request.bucket,
    Prefix: spellBytes(question.prefix),
    Delimiter: question.delimiter === '' ? undefined : spellBytes(question.delimiter),
    MaxKeys: question.maxKeys,
    EncodingType: request.query.get('encoding-type'),
    IsTruncated: page.next !== undefined,
    Contents: await contentsOf(request.bucket, files, page.keys).then((all) =>
      all.map((one) => contentNode(one, spell)),
    ),
    CommonPrefixes: page.commonPrefixes.map((prefix) => ({ Prefix: spellBytes(prefix) })),
  };
  return { common, page };
}

function questionOf(request: S3Request, from: Position): Question {
  return {
    prefix: bytesOfKey(request.query.get('prefix') ?? ''),
    delimiter: bytesOfKey(request.query.get('delimiter') ?? ''),
    maxKeys: Math.min(MAX_KEYS, numberOf(request, 'max-keys', MAX_KEYS)),
    from,
  };
}

async function readPage(bucketPath: string, { prefix, delimiter, maxKeys, from }: Question): Promise<Page> {
  const keys: KeyBytes[] = [];
  const commonPrefixes: KeyBytes[] = [];
  if (maxKeys === 0) return { keys, commonPrefixes, next: undefined };
  const wanted = { prefix, ...from };
  let last: Position = from;
  for await (const key of keysOf(bucketPath, wanted)) {
    if (wanted.passed !== undefined && key.startsWith(wanted.passed)) continue;
    if (keys.length + commonPrefixes.length === maxKeys) return { keys, commonPrefixes, next: last };
    const commonPrefix = commonPrefixOf(key, prefix, delimiter);
    if (commonPrefix === undefined) keys.push(key);
    else commonPrefixes.push(commonPrefix);
    wanted.passed = commonPrefix;
    last = { after: commonPrefix ?? key, passed: commonPrefix };
  }
  return { keys, commonPrefixes, next: undefined };
}

function commonPrefixOf(key: KeyBytes, prefix: KeyBytes, delimiter: KeyBytes): KeyBytes | undefined {
  const at = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
  return at < 0 ? undefined : key.slice(0, at + delimiter.length);
}

/** Without those that were deleted since their names were read. */
async function contentsOf(bucket: string, files: ObjectFiles, keys: readonly KeyBytes[]): Promise<ObjectFacts[]> {
  const facts = await mapInFlight(keys, READS_IN_FLIGHT, (key) =>
    ifThere(factsOf<ObjectFacts>(files.objectPath(bucket, keyOfBytes(key)))),
  );
  return facts.filter((found) => found !== undefined);
}

function contentNode({ key, modifiedAt, etag, size, checksum }: ObjectFacts, spell: Spelling): XmlNode {
  return {
    Key: spell(key),
    LastModified: new Date(modifiedAt).toISOString(),
    ETag: quoted(etag),
    ChecksumAlgorithm: checksum?.algorithm,
    ChecksumType: checksum?.type,
    Size: size,
    StorageClass: 'STANDARD',
  };
}

type Spelling = (key: string) => string;

/** XML cannot hold every character that a key may have; a client that minds asks for addresses. */
function spelling(request: S3Request): Spelling {
  const type = request.query.get('encoding-type');
  if (type === undefined) return (key) => key;
  if (type !== 'url') throw new S3Error('InvalidArgument', 'encoding-type can only be url.');
  return (key) => key.split('/').map(uriEncode).join('/');
}

const afterKey = (after: KeyBytes): Position => ({ after, passed: undefined });

function tokenOf({ after, passed }: Position): string {
  return Buffer.from(`${passed === undefined ? 'k' : 'p'}${after}`, 'latin1').toString('base64url');
}

function positionOf(token: string): Position {
  const text = Buffer.from(token, 'base64url').toString('latin1');
  const after = text.slice(1);
  if (text.startsWith('k')) return afterKey(after);
  if (text.startsWith('p')) return { after, passed: after };
  throw new S3Error('InvalidArgument', 'The continuation token provided is incorrect');
}
