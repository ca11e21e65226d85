import { announcedAlgorithm } from './body.js';
import { checkedBucket } from './bucket-name.js';
import { checksumNode, ContentDigest, keptHeaders, quoted, xmlReply, type S3Call } from './call.js';
import { refuseCopy, writeConditionOf } from './conditions.js';
import { S3Error } from './errors.js';
import type { ObjectFacts, StoredObject } from './object-files.js';
import { headerOf, type S3Reply, type S3Request } from './request.js';
import type { StagedFile } from './staged-file.js';

interface Source {
  readonly bucket: string;
  readonly key: string;
}

export async function copyObject({ request, files }: S3Call): Promise<S3Reply> {
  const { bucket, key } = request;
  const from = sourceOf(request);
  const replaces = replacesHeaders(request);
  if (from.bucket === bucket && from.key === key && !replaces)
    throw new S3Error('InvalidRequest', 'A copy onto itself has to change something.');
  const condition = writeConditionOf(request);
  await files.needBucket(bucket);
  return files.staging(async (file) => {
    const source = await openSource(request, await files.open(from.bucket, from.key));
    const headers = replaces ? keptHeaders(request) : source.facts.headers;
    const algorithm = announcedAlgorithm(request) ?? source.facts.checksum?.algorithm;
    const content = await copyContent(source, file, new ContentDigest(algorithm));
    const facts: ObjectFacts = { key, modifiedAt: Date.now(), headers, ...content };
    await file.seal(facts);
    await files.place(bucket, key, file, condition);
    return copiedReply(facts);
  });
}

function copiedReply({ etag, modifiedAt, checksum }: ObjectFacts): S3Reply {
  return xmlReply('CopyObjectResult', {
    ETag: quoted(etag),
    LastModified: new Date(modifiedAt).toISOString(),
    ...checksumNode(checksum),
  });
}

async function openSource(request: S3Request, source: StoredObject): Promise<StoredObject> {
  try {
    refuseCopy(request, source.facts);
    return source;
  } catch (error) {
    await source.close();
    throw error;
  }
}

async function copyContent(source: StoredObject, file: StagedFile, digest: ContentDigest) {
  for await (const piece of source.pieces()) {
    digest.update(piece);
    await file.write(piece);
  }
  return digest.facts();
}

function replacesHeaders(request: S3Request): boolean {
  const directive = headerOf(request, 'x-amz-metadata-directive') ?? 'COPY';
  if (directive !== 'COPY' && directive !== 'REPLACE')
    throw new S3Error('InvalidArgument', 'x-amz-metadata-directive is COPY or REPLACE.');
  return directive === 'REPLACE';
}

/** `bucket/key` or `/bucket/key`, percent-encoded. */
function sourceOf(request: S3Request): Source {
  const [, bucket, key, version] =
    /^\/?([^/]+)\/([^?]+)(\?.*)?$/.exec(headerOf(request, 'x-amz-copy-source') ?? '') ?? [];
  if (version !== undefined) throw new S3Error('NotImplemented', 'Versions are not implemented.');
  if (!bucket || !key) throw new S3Error('InvalidArgument', 'x-amz-copy-source must be a bucket and a key.');
  try {
    return { bucket: checkedBucket(decodeURIComponent(bucket)), key: decodeURIComponent(key) };
  } catch (error) {
    if (error instanceof S3Error) throw error;
    throw new S3Error('InvalidArgument', 'x-amz-copy-source is not encoded rightly.');
  }
}
