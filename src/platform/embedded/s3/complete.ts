import { createHash } from 'node:crypto';
import { receiveText } from './body.js';
import { checksumNode, ContentDigest, quoted, xmlReply, type S3Call } from './call.js';
import { ALGORITHMS, compositeOf, headerFor, type Checksum } from './checksums.js';
import { bareEtag, writeConditionOf } from './conditions.js';
import { S3Error } from './errors.js';
import type { ObjectFacts } from './object-files.js';
import { headerOf, type S3Reply, type S3Request } from './request.js';
import type { StagedFile } from './staged-file.js';
import { Upload, type PartFacts } from './uploads.js';
import { elementsOf, textOf } from './xml.js';

/** What the client says of a part. */
interface NamedPart {
  readonly partNumber: number;
  readonly etag: string;
  readonly checksums: ReadonlyMap<string, string>;
}

const MIN_PART_BYTES = 5 * 1024 * 1024;
/** Ten thousand parts with number, entity tag and checksum. */
const MAX_DOCUMENT_BYTES = 4 * 1024 * 1024;

/** Puts the parts together. Until the one rename in it nothing can be seen, and the upload can be completed again. */
export async function completeMultipartUpload({ request, signed, files }: S3Call): Promise<S3Reply> {
  const condition = writeConditionOf(request);
  const upload = await Upload.of(files, request);
  const named = namedParts(await receiveText(request, signed, MAX_DOCUMENT_BYTES));
  const parts = await checkedParts(upload, named);
  const facts = await files.staging(async (file) => {
    const whole = await join(upload, parts, file);
    const facts = factsOfWhole(upload, parts, whole);
    refuseOtherThanAnnounced(request, facts);
    await file.seal(facts);
    await files.place(request.bucket, request.key, file, condition);
    return facts;
  });
  await upload.end();
  return completedReply(request, facts);
}

function completedReply({ bucket, key }: S3Request, { etag, checksum }: ObjectFacts): S3Reply {
  return xmlReply('CompleteMultipartUploadResult', {
    Location: `/${bucket}/${key}`,
    Bucket: bucket,
    Key: key,
    ETag: quoted(etag),
    ...checksumNode(checksum),
  });
}

function namedParts(xml: string): NamedPart[] {
  const parts = elementsOf(xml, 'Part').map((part) => ({
    partNumber: Number(textOf(part, 'PartNumber')),
    etag: bareEtag(textOf(part, 'ETag') ?? ''),
    checksums: checksumsIn(part),
  }));
  if (parts.length === 0) throw new S3Error('MalformedXML', 'There are no parts in the document.');
  if (parts.some(({ partNumber }, at) => !(partNumber > (parts[at - 1]?.partNumber ?? 0))))
    throw new S3Error('InvalidPartOrder', 'The list of parts was not in ascending order.');
  return parts;
}

function checksumsIn(part: string): Map<string, string> {
  const given = ALGORITHMS.map((algorithm) => [algorithm, textOf(part, `Checksum${algorithm}`)] as const);
  return new Map(given.filter((pair): pair is [(typeof ALGORITHMS)[number], string] => pair[1] !== undefined));
}

/** What was sent is compared with what the client believes it sent. */
async function checkedParts(upload: Upload, named: readonly NamedPart[]): Promise<PartFacts[]> {
  const sent = await upload.factsOfParts(named.map(({ partNumber }) => partNumber));
  return named.map((part, at) => {
    const facts = sent[at];
    if (!facts || !isSame(part, facts))
      throw new S3Error('InvalidPart', `Part ${part.partNumber} was not sent, or it is not what was sent.`);
    if (at < named.length - 1 && facts.size < MIN_PART_BYTES)
      throw new S3Error('EntityTooSmall', `Part ${part.partNumber} is too small to be followed by another.`);
    return facts;
  });
}

function isSame({ etag, checksums }: NamedPart, facts: PartFacts): boolean {
  const given = facts.checksum && checksums.get(facts.checksum.algorithm);
  return etag === facts.etag && (given === undefined || given === facts.checksum?.value);
}

async function join(upload: Upload, parts: readonly PartFacts[], file: StagedFile): Promise<ContentDigest> {
  const { checksum } = upload.facts;
  const digest = new ContentDigest(checksum?.type === 'FULL_OBJECT' ? checksum.algorithm : undefined);
  for (const { partNumber, etag } of parts) {
    const part = await upload.openPart(partNumber);
    if (part?.facts.etag !== etag) {
      await part?.close();
      throw new S3Error('InvalidPart', `Part ${partNumber} was changed meanwhile.`);
    }
    for await (const piece of part.pieces()) {
      digest.update(piece);
      await file.write(piece);
    }
  }
  return digest;
}

function factsOfWhole(upload: Upload, parts: readonly PartFacts[], whole: ContentDigest): ObjectFacts {
  const { key, headers, checksum: wanted } = upload.facts;
  const { size, checksum } = whole.facts();
  const md5 = createHash('md5');
  for (const { etag } of parts) md5.update(Buffer.from(etag, 'hex'));
  const etag = `${md5.digest('hex')}-${parts.length}`;
  const composite =
    wanted?.type === 'COMPOSITE' ? compositeOf(wanted.algorithm, checksumsOf(parts, wanted)) : undefined;
  return { key, size, etag, modifiedAt: Date.now(), headers, checksum: composite ?? checksum };
}

function checksumsOf(parts: readonly PartFacts[], { algorithm }: Pick<Checksum, 'algorithm'>): Checksum[] {
  return parts.map(({ partNumber, checksum }) => {
    if (checksum?.algorithm === algorithm) return checksum;
    throw new S3Error('InvalidRequest', `Part ${partNumber} was sent without the ${algorithm} that the upload needs.`);
  });
}

/** The size and the checksum of the whole, if the client knows them. */
function refuseOtherThanAnnounced(request: S3Request, { size, checksum }: ObjectFacts): void {
  const announcedSize = headerOf(request, 'x-amz-mp-object-size');
  if (announcedSize !== undefined && Number(announcedSize) !== size)
    throw new S3Error('InvalidRequest', 'The parts together are not as long as you said.');
  const announced = checksum && headerOf(request, headerFor(checksum.algorithm));
  if (announced !== undefined && announced !== checksum?.value)
    throw new S3Error('BadDigest', `The ${checksum?.algorithm} you specified did not match the parts.`);
}
