import { receive, receiveText } from './body.js';
import { checksumHeaders, keptHeaders, quoted, writtenReply, xmlReply, type S3Call } from './call.js';
import { ALWAYS, bareEtag, refuseRead, writeConditionOf } from './conditions.js';
import { S3Error } from './errors.js';
import type { ObjectFacts, ObjectFiles } from './object-files.js';
import { rangeOf, type ByteRange } from './ranges.js';
import { headerOf, type S3Reply, type S3Request } from './request.js';
import { mapInFlight } from './turns.js';
import { elementsOf, textOf, type XmlNode } from './xml.js';

export async function putObject({ request, signed, files }: S3Call): Promise<S3Reply> {
  const { bucket, key } = request;
  const condition = writeConditionOf(request);
  await files.needBucket(bucket);
  return files.staging(async (file) => {
    const { md5, size, checksum } = await receive(request, signed, (piece) => file.write(piece));
    const headers = keptHeaders(request);
    const facts: ObjectFacts = { key, size, etag: md5, modifiedAt: Date.now(), headers, checksum };
    await file.seal(facts);
    await files.place(bucket, key, file, condition);
    return writtenReply(facts);
  });
}

export async function getObject({ request, files }: S3Call): Promise<S3Reply> {
  const object = await files.open(request.bucket, request.key);
  try {
    const { range, ...reply } = readReply(request, object.facts);
    return { ...reply, body: await object.content(range?.start, range?.end) };
  } catch (error) {
    await object.close();
    throw error;
  }
}

export async function headObject({ request, files }: S3Call): Promise<S3Reply> {
  const { status, headers } = readReply(request, await files.facts(request.bucket, request.key));
  return { status, headers };
}

interface ReadReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly range: ByteRange | undefined;
}

/** All of an answer but the bytes. A part never carries the checksum of the whole: the client would compare it. */
function readReply(request: S3Request, facts: ObjectFacts): ReadReply {
  refuseRead(request, facts);
  const range = askedRange(request, facts);
  const { start, end } = range ?? { start: 0, end: facts.size };
  const headers: Record<string, string> = {
    ...facts.headers,
    ...overrides(request),
    'accept-ranges': 'bytes',
    'content-length': String(end - start),
    etag: quoted(facts.etag),
    'last-modified': new Date(facts.modifiedAt).toUTCString(),
  };
  if (range) return { status: 206, headers: { ...headers, 'content-range': contentRange(range, facts.size) }, range };
  const tellsChecksum = headerOf(request, 'x-amz-checksum-mode')?.toUpperCase() === 'ENABLED';
  return { status: 200, headers: { ...headers, ...(tellsChecksum ? checksumHeaders(facts.checksum) : {}) }, range };
}

const contentRange = ({ start, end }: ByteRange, size: number) => `bytes ${start}-${end - 1}/${size}`;

/** If-Range names the version that the client has the other parts of; of another one it needs everything. */
function askedRange(request: S3Request, { etag, size }: ObjectFacts): ByteRange | undefined {
  const ifRange = headerOf(request, 'if-range');
  if (ifRange !== undefined && bareEtag(ifRange) !== etag) return undefined;
  return rangeOf(headerOf(request, 'range'), size);
}

/** Headers that a presigned address sets for the answer, so that a browser saves a file under a given name. */
function overrides(request: S3Request): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of request.queryPairs) {
    if (!name.startsWith('response-')) continue;
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) throw new S3Error('InvalidArgument', `${name} is no header value.`);
    headers[name.slice('response-'.length)] = value;
  }
  return headers;
}

export async function deleteObject({ request, files }: S3Call): Promise<S3Reply> {
  const condition = writeConditionOf(request);
  if (condition.ifAbsent) throw new S3Error('NotImplemented', 'A deletion cannot have If-None-Match.');
  await files.remove(request.bucket, request.key, condition);
  return { status: 204 };
}

const MAX_BATCH = 1000;
/** A thousand keys of 1024 bytes, each byte escaped. */
const MAX_BATCH_BYTES = 8 * 1024 * 1024;
const DELETIONS_IN_FLIGHT = 16;

export async function deleteObjects({ request, signed, files }: S3Call): Promise<S3Reply> {
  const { bucket } = request;
  await files.needBucket(bucket);
  const xml = await receiveText(request, signed, MAX_BATCH_BYTES);
  const keys = elementsOf(xml, 'Object').map(keyToDelete);
  if (keys.length === 0 || keys.length > MAX_BATCH)
    throw new S3Error('MalformedXML', `A batch has from 1 to ${MAX_BATCH} objects.`);
  const outcomes = await mapInFlight(keys, DELETIONS_IN_FLIGHT, (key) => deletion(files, bucket, key));
  const deleted = outcomes.filter((outcome) => outcome.Code === undefined);
  return xmlReply('DeleteResult', {
    Deleted: textOf(xml, 'Quiet') === 'true' ? [] : deleted,
    Error: outcomes.filter((outcome) => outcome.Code !== undefined),
  });
}

function keyToDelete(xml: string): string {
  const key = textOf(xml, 'Key');
  if (!key) throw new S3Error('MalformedXML', 'An object to delete has no key.');
  if (textOf(xml, 'VersionId') !== undefined || textOf(xml, 'ETag') !== undefined)
    throw new S3Error('NotImplemented', 'Versions and conditions in a batch are not implemented.');
  return key;
}

/** One refusal must not hide what became of the others. */
async function deletion(files: ObjectFiles, bucket: string, key: string): Promise<XmlNode> {
  try {
    await files.remove(bucket, key, ALWAYS);
    return { Key: key };
  } catch (error) {
    if (error instanceof S3Error) return { Key: key, Code: error.code, Message: error.message };
    throw error;
  }
}
