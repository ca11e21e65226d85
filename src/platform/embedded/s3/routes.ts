import { checkedBucket } from './bucket-name.js';
import { createBucket, deleteBucket, getBucketLocation, headBucket, listBuckets } from './buckets.js';
import type { Operation } from './call.js';
import { completeMultipartUpload } from './complete.js';
import { copyObject } from './copy.js';
import { S3Error } from './errors.js';
import { listObjects, listObjectsV2 } from './listing.js';
import { abortMultipartUpload, createMultipartUpload, listParts, uploadPart } from './multipart.js';
import { deleteObject, deleteObjects, getObject, headObject, putObject } from './objects.js';
import { headerOf, type S3Request } from './request.js';

interface Route {
  /** Names in the query that choose this operation. */
  readonly marks: readonly string[];
  /** Names that it understands beside them. */
  readonly understands: readonly string[];
  readonly operation: Operation;
}

const route = (operation: Operation, marks = '', understands = ''): Route => {
  return { operation, marks: words(marks), understands: words(understands) };
};
const words = (text: string) => text.split(' ').filter((word) => word !== '');

const LISTING = 'prefix delimiter max-keys encoding-type';
const OVERRIDES =
  'response-content-type response-content-language response-content-encoding response-content-disposition ' +
  'response-cache-control response-expires';

/** By method and by how much of an address there is. Of several routes the first whose marks are all there is taken. */
const ROUTES: Readonly<Record<string, readonly Route[]>> = {
  'GET service': [route(listBuckets)],
  'PUT bucket': [route(createBucket)],
  'HEAD bucket': [route(headBucket)],
  'DELETE bucket': [route(deleteBucket)],
  'POST bucket': [route(deleteObjects, 'delete')],
  'GET bucket': [
    route(getBucketLocation, 'location'),
    route(listObjectsV2, 'list-type', `${LISTING} continuation-token start-after fetch-owner`),
    route(listObjects, '', `${LISTING} marker`),
  ],
  'PUT object': [route(uploadPart, 'partNumber uploadId'), route(putOrCopy)],
  'GET object': [route(listParts, 'uploadId', 'max-parts part-number-marker'), route(getObject, '', OVERRIDES)],
  'HEAD object': [route(headObject, '', OVERRIDES)],
  'DELETE object': [route(abortMultipartUpload, 'uploadId'), route(deleteObject)],
  'POST object': [route(createMultipartUpload, 'uploads'), route(completeMultipartUpload, 'uploadId')],
};

function putOrCopy(...[call]: Parameters<Operation>): ReturnType<Operation> {
  return headerOf(call.request, 'x-amz-copy-source') === undefined ? putObject(call) : copyObject(call);
}

/** Part of the signature, or a name that a client gives to the operation for its own logs. */
const ALWAYS_UNDERSTOOD = new Set(
  words(
    'x-id X-Amz-Algorithm X-Amz-Content-Sha256 X-Amz-Credential X-Amz-Date X-Amz-Expires X-Amz-Security-Token ' +
      'X-Amz-Signature X-Amz-SignedHeaders x-amz-checksum-mode x-amz-user-agent',
  ),
);

/** They ask for something that we do not do. To ignore one would be to break a promise, such as encryption. */
const REFUSED_HEADERS =
  /^x-amz-(?:server-side-encryption|copy-source-server-side|grant-|tagging$|object-lock-|website-redirect|write-offset|if-match-)/;

/**
 * What a request asks for. Nothing is ignored that could change its meaning: an unknown name in the query or a header
 * for a feature that is not here is NotImplemented.
 */
export function operationFor(request: S3Request): Operation {
  if (request.bucket !== '') checkedBucket(request.bucket);
  refuseHeaders(request);
  const chosen = ROUTES[`${request.method} ${levelOf(request)}`]?.find(({ marks }) =>
    marks.every((mark) => request.query.has(mark)),
  );
  if (!chosen) throw notImplemented(`${request.method} here`);
  const unknown = [...request.query.keys()].find((name) => !isUnderstood(name, chosen));
  if (unknown !== undefined) throw notImplemented(unknown);
  return chosen.operation;
}

function levelOf({ bucket, key }: S3Request): 'service' | 'bucket' | 'object' {
  if (bucket === '') return 'service';
  return key === '' ? 'bucket' : 'object';
}

function isUnderstood(name: string, { marks, understands }: Route): boolean {
  return marks.includes(name) || understands.includes(name) || ALWAYS_UNDERSTOOD.has(name);
}

function refuseHeaders(request: S3Request): void {
  const refused = Object.keys(request.http.headers).find((name) => REFUSED_HEADERS.test(name));
  if (refused !== undefined) throw notImplemented(refused);
  const storageClass = headerOf(request, 'x-amz-storage-class') ?? 'STANDARD';
  if (storageClass !== 'STANDARD') throw notImplemented(`The storage class ${storageClass}`);
  const list = headerOf(request, 'x-amz-acl') ?? 'private';
  if (list !== 'private' && list !== 'bucket-owner-full-control') throw notImplemented(`The access list ${list}`);
}

const notImplemented = (what: string) => new S3Error('NotImplemented', `${what} is not implemented.`);
