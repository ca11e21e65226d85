import { announcedAlgorithm, receive } from './body.js';
import { checksumNode, keptHeaders, numberOf, quoted, writtenReply, xmlReply, type S3Call } from './call.js';
import type { Checksum } from './checksums.js';
import { S3Error } from './errors.js';
import { headerOf, type S3Reply, type S3Request } from './request.js';
import { Upload, type PartFacts } from './uploads.js';

const MAX_PARTS = 10_000;
const MAX_LISTED = 1000;

export async function createMultipartUpload({ request, files }: S3Call): Promise<S3Reply> {
  const { bucket, key } = request;
  const checksum = wantedChecksum(request);
  const uploadId = await Upload.create(files, bucket, { key, headers: keptHeaders(request), checksum });
  const reply = xmlReply('InitiateMultipartUploadResult', { Bucket: bucket, Key: key, UploadId: uploadId });
  if (!checksum) return reply;
  const told = { 'x-amz-checksum-algorithm': checksum.algorithm, 'x-amz-checksum-type': checksum.type };
  return { ...reply, headers: { ...reply.headers, ...told } };
}

/** CRC64NVME only exists for the whole; S3 takes the others over the parts unless it is told otherwise. */
function wantedChecksum(request: S3Request): Pick<Checksum, 'algorithm' | 'type'> | undefined {
  const algorithm = announcedAlgorithm(request);
  if (!algorithm) return undefined;
  const type = headerOf(request, 'x-amz-checksum-type') ?? (algorithm === 'CRC64NVME' ? 'FULL_OBJECT' : 'COMPOSITE');
  if (type === 'FULL_OBJECT' && algorithm.startsWith('CRC')) return { algorithm, type };
  if (type === 'COMPOSITE' && algorithm !== 'CRC64NVME') return { algorithm, type };
  throw new S3Error('InvalidRequest', `${algorithm} cannot be a checksum of the type ${type}.`);
}

export async function uploadPart({ request, signed, files }: S3Call): Promise<S3Reply> {
  if (headerOf(request, 'x-amz-copy-source') !== undefined)
    throw new S3Error('NotImplemented', 'Copying into a part is not implemented.');
  const partNumber = numberOf(request, 'partNumber', 0);
  if (partNumber < 1 || partNumber > MAX_PARTS)
    throw new S3Error('InvalidArgument', `Part numbers go from 1 to ${MAX_PARTS}.`);
  const upload = await Upload.of(files, request);
  return files.staging(async (file) => {
    const { md5, size, checksum } = await receive(request, signed, (piece) => file.write(piece));
    const facts: PartFacts = { partNumber, size, etag: md5, modifiedAt: Date.now(), checksum };
    await upload.addPart(file, facts);
    return writtenReply(facts);
  });
}

export async function listParts({ request, files }: S3Call): Promise<S3Reply> {
  const upload = await Upload.of(files, request);
  const marker = numberOf(request, 'part-number-marker', 0);
  const maxParts = Math.min(MAX_LISTED, numberOf(request, 'max-parts', MAX_LISTED));
  const numbers = (await upload.partNumbers()).filter((number) => number > marker);
  const listed = numbers.slice(0, maxParts);
  const parts = (await upload.factsOfParts(listed)).filter((part) => part !== undefined);
  return xmlReply('ListPartsResult', {
    Bucket: request.bucket,
    Key: request.key,
    UploadId: request.query.get('uploadId'),
    PartNumberMarker: marker,
    NextPartNumberMarker: listed.at(-1),
    MaxParts: maxParts,
    IsTruncated: listed.length < numbers.length,
    StorageClass: 'STANDARD',
    ChecksumAlgorithm: upload.facts.checksum?.algorithm,
    ChecksumType: upload.facts.checksum?.type,
    Part: parts.map(({ partNumber, modifiedAt, etag, size, checksum }) => ({
      PartNumber: partNumber,
      LastModified: new Date(modifiedAt).toISOString(),
      ETag: quoted(etag),
      Size: size,
      ...checksumNode(checksum),
    })),
  });
}

export async function abortMultipartUpload({ request, files }: S3Call): Promise<S3Reply> {
  const upload = await Upload.of(files, request);
  await upload.end();
  return { status: 204 };
}
