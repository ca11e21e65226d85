import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  type ChecksumAlgorithm,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ObjectStore, type ObjectStoreConfig } from '../../src/platform/object-store/object-store.js';

/** An error of the SDK, as far as a test looks at it. */
export interface S3Failure {
  readonly name: string;
  readonly $metadata: { readonly httpStatusCode: number };
}

export function s3ClientOf(config: ObjectStoreConfig, more: S3ClientConfig = {}): S3Client {
  const { endpoint, region, accessKeyId, secretAccessKey } = config;
  return new S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
    ...more,
  });
}

/** What went wrong with a request that must fail: the status, or the S3 code where it matters to clients. */
export async function failureOf(request: Promise<unknown>): Promise<S3Failure> {
  const outcome = await request.then(
    () => undefined,
    (error: unknown) => error as S3Failure,
  );
  expect(outcome, 'the request should have been refused').toBeDefined();
  return outcome!;
}

const MIB = 1024 * 1024;
const ODD_KEYS = [
  'plain.txt',
  'with space/and+plus&ampersand?question#hash',
  'quote"\'<tag>&amp;.xml',
  'Ünïcödé/日本語/🎡',
  'Case/A',
  'case/a',
  'dots/../up',
  'dots/./here',
  './start',
  'double//slash',
  'end/',
  '%2e%2e/percent',
  'back\\slash',
  'star*colon:pipe|',
  'trailing.',
  'CON',
  `${'long/'.repeat(150)}key`,
  'x'.repeat(1024),
  'e\u0301 decomposed',
  '\u00e9 composed',
];

/** What Flywheel and ordinary S3 clients rely on. The same suite runs against every server that a deployment may use. */
export function itKeepsObjectsAsS3Does(target: () => ObjectStoreConfig): void {
  let s3: S3Client;
  let Bucket: string;
  const put = (Key: string, Body: Buffer | string, more: object = {}) =>
    s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
  const get = async (Key: string, more: object = {}) => {
    const answer = await s3.send(new GetObjectCommand({ Bucket, Key, ...more }));
    return { ...answer, bytes: Buffer.from(await answer.Body!.transformToByteArray()) };
  };

  beforeAll(async () => {
    s3 = s3ClientOf(target());
    Bucket = `conformance-${Date.now().toString(36)}`;
    await s3.send(new CreateBucketCommand({ Bucket }));
  });
  afterAll(async () => {
    for (const Key of await keys(s3, Bucket)) await s3.send(new DeleteObjectCommand({ Bucket, Key }));
    await s3.send(new DeleteBucketCommand({ Bucket }));
    s3.destroy();
  });

  describe('bytes', () => {
    it.each([0, 1, 1_000, 300_000, 5 * MIB + 1])('come back as they were: %i of them', async (size) => {
      const body = randomBytes(size);
      const { ETag } = await put(`bytes/${size}`, body, { ContentType: 'application/x-test' });
      const found = await get(`bytes/${size}`);
      expect(found.bytes.equals(body)).toBe(true);
      expect(found).toMatchObject({ ContentLength: size, ContentType: 'application/x-test', ETag });
      expect(ETag).toBe(`"${createHash('md5').update(body).digest('hex')}"`);
    });

    it('of a stream whose checksum follows it are stored without its framing', async () => {
      const body = randomBytes(300_000);
      const stream = Readable.from([body.subarray(0, 70_001), body.subarray(70_001)]);
      await s3.send(new PutObjectCommand({ Bucket, Key: 'stream', Body: stream, ContentLength: body.length }));
      expect((await get('stream')).bytes.equals(body)).toBe(true);
    });

    it('of a later upload replace those of an earlier one, with its headers', async () => {
      await put('replaced', 'one', { Metadata: { turn: '1' } });
      await put('replaced', 'two, longer', { CacheControl: 'no-cache' });
      const found = await get('replaced');
      expect(found.bytes.toString()).toBe('two, longer');
      expect(found).toMatchObject({ Metadata: {}, CacheControl: 'no-cache' });
    });

    it('of parallel uploads to one key are those of one of them', async () => {
      const bodies = Array.from({ length: 12 }, (_, i) => Buffer.alloc(40_000, i));
      await Promise.all(bodies.map((body) => put('contested', body)));
      const { bytes } = await get('contested');
      expect(bodies.some((body) => body.equals(bytes))).toBe(true);
    });

    it('keep their metadata', async () => {
      await put('meta', 'x', { Metadata: { rater: 'anna', mixed: 'A b' }, ContentDisposition: 'inline' });
      const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'meta' }));
      expect(head).toMatchObject({ Metadata: { rater: 'anna', mixed: 'A b' }, ContentDisposition: 'inline' });
    });
  });

  describe('checksums', () => {
    it.each(['CRC32', 'CRC32C', 'SHA1', 'SHA256'] satisfies ChecksumAlgorithm[])(
      '%s is checked on the way in and told on the way out',
      async (ChecksumAlgorithm) => {
        await put(`sum/${ChecksumAlgorithm}`, 'some bytes', { ChecksumAlgorithm });
        const found = await get(`sum/${ChecksumAlgorithm}`, { ChecksumMode: 'ENABLED' });
        expect(found[`Checksum${ChecksumAlgorithm}`]).toMatch(/=$/);
      },
    );

    it('that are wrong keep the object out', async () => {
      const wrong = createHash('sha256').update('other bytes').digest('base64');
      const failure = await failureOf(put('sum/wrong', 'some bytes', { ChecksumSHA256: wrong }));
      expect(failure.$metadata.httpStatusCode).toBe(400);
      expect((await failureOf(get('sum/wrong'))).name).toBe('NoSuchKey');
    });

    it('of MD5 are checked too', async () => {
      const wrong = createHash('md5').update('other bytes').digest('base64');
      expect((await failureOf(put('sum/md5', 'some bytes', { ContentMD5: wrong }))).name).toBe('BadDigest');
    });
  });

  describe('parts of an object', () => {
    const body = Buffer.from('0123456789');

    it.each([
      ['bytes=0-3', '0123', 'bytes 0-3/10'],
      ['bytes=4-', '456789', 'bytes 4-9/10'],
      ['bytes=-3', '789', 'bytes 7-9/10'],
      ['bytes=8-99', '89', 'bytes 8-9/10'],
    ])('%s', async (Range, expected, ContentRange) => {
      await put('range', body);
      const found = await get('range', { Range });
      expect(found.bytes.toString()).toBe(expected);
      expect(found).toMatchObject({ ContentRange, $metadata: { httpStatusCode: 206 } });
    });

    it('beyond the end are refused', async () => {
      await put('range', body);
      expect((await failureOf(get('range', { Range: 'bytes=10-' }))).$metadata.httpStatusCode).toBe(416);
    });
  });

  describe('conditions', () => {
    it('If-None-Match: * lets exactly one of twelve writers win', async () => {
      const outcomes = await Promise.allSettled(
        Array.from({ length: 12 }, (_, i) => put('once', `writer ${i}`, { IfNoneMatch: '*' })),
      );
      const winners = outcomes.flatMap(({ status }, i) => (status === 'fulfilled' ? [i] : []));
      expect(winners).toHaveLength(1);
      expect((await get('once')).bytes.toString()).toBe(`writer ${winners[0]}`);
    });

    it('If-Match replaces only the version that it names', async () => {
      const { ETag } = await put('match', 'one');
      await put('match', 'two', { IfMatch: ETag });
      expect((await failureOf(put('match', 'three', { IfMatch: ETag }))).$metadata.httpStatusCode).toBe(412);
      expect((await get('match')).bytes.toString()).toBe('two');
    });

    it('of a read: 304 for the version one has', async () => {
      const { ETag } = await put('cached', 'x');
      expect((await failureOf(get('cached', { IfNoneMatch: ETag }))).$metadata.httpStatusCode).toBe(304);
    });
  });

  describe('keys', () => {
    it.each(ODD_KEYS)('%s', async (Key) => {
      await put(Key, `body of ${Key}`);
      expect((await get(Key)).bytes.toString()).toBe(`body of ${Key}`);
      expect(await keys(s3, Bucket, Key)).toContain(Key);
      await s3.send(new DeleteObjectCommand({ Bucket, Key }));
      expect((await failureOf(get(Key))).name).toBe('NoSuchKey');
    });

    it('that one is a folder of the other both stay', async () => {
      await put('tree', 'leaf');
      await put('tree/branch', 'branch');
      await put('tree/branch/twig', 'twig');
      expect((await get('tree')).bytes.toString()).toBe('leaf');
      expect((await get('tree/branch')).bytes.toString()).toBe('branch');
      await s3.send(new DeleteObjectCommand({ Bucket, Key: 'tree/branch' }));
      expect((await get('tree/branch/twig')).bytes.toString()).toBe('twig');
    });

    it('of 1,025 bytes are refused', async () => {
      expect((await failureOf(put('x'.repeat(1_025), ''))).$metadata.httpStatusCode).toBe(400);
    });
  });

  describe('lists', () => {
    it('come in pages, in the order of UTF-8 bytes, each key once', async () => {
      const expected = Array.from({ length: 25 }, (_, i) => `list/${String(i).padStart(2, '0')}/\uff5e${i}`);
      expected.push('list/\u{1f3a1}', 'list/\uff5e');
      await Promise.all(expected.map((Key) => put(Key, '')));
      const bytes = (text: string) => Buffer.from(text);
      expected.sort((a, b) => bytes(a).compare(bytes(b)));
      expect(await keys(s3, Bucket, 'list/', 4)).toEqual(expected);
    });

    it('fold what is behind a delimiter', async () => {
      await Promise.all(['fold/a', 'fold/b/1', 'fold/b/2', 'fold/c/'].map((Key) => put(Key, 'x')));
      const page = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'fold/', Delimiter: '/' }));
      expect(page.Contents?.map(({ Key }) => Key)).toEqual(['fold/a']);
      expect(page.CommonPrefixes?.map(({ Prefix }) => Prefix)).toEqual(['fold/b/', 'fold/c/']);
    });

    it('start behind a key', async () => {
      await Promise.all(['after/a', 'after/b', 'after/c'].map((Key) => put(Key, 'x')));
      const page = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'after/', StartAfter: 'after/a' }));
      expect(page.Contents?.map(({ Key }) => Key)).toEqual(['after/b', 'after/c']);
    });

    it('tell size and etag', async () => {
      const { ETag } = await put('told', '12345');
      const page = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'told' }));
      expect(page.Contents).toMatchObject([{ Key: 'told', Size: 5, ETag }]);
    });
  });

  describe('uploads in parts', () => {
    const begin = async (Key: string) => ({
      Bucket,
      Key,
      UploadId: (await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }))).UploadId!,
    });
    const upload = async (at: { Bucket: string; Key: string; UploadId: string }, PartNumber: number, Body: Buffer) => ({
      PartNumber,
      ETag: (await s3.send(new UploadPartCommand({ ...at, PartNumber, Body }))).ETag,
    });

    it('are one object once complete, whatever the order of the parts', async () => {
      const parts = [randomBytes(5 * MIB), randomBytes(5 * MIB), randomBytes(77)];
      const at = await begin('multi');
      const [third, first, second] = [
        await upload(at, 3, parts[2]!),
        await upload(at, 1, parts[0]!),
        await upload(at, 2, parts[1]!),
      ];
      expect((await failureOf(get('multi'))).name).toBe('NoSuchKey');
      const listed = await s3.send(new ListPartsCommand(at));
      expect(listed.Parts?.map(({ PartNumber, Size }) => [PartNumber, Size])).toEqual([
        [1, 5 * MIB],
        [2, 5 * MIB],
        [3, 77],
      ]);
      await s3.send(new CompleteMultipartUploadCommand({ ...at, MultipartUpload: { Parts: [first, second, third] } }));
      const found = await get('multi');
      expect(found.bytes.equals(Buffer.concat(parts))).toBe(true);
      expect(found.ETag).toMatch(/^"[0-9a-f]{32}-3"$/);
    });

    it('with a part that is too small, wrong or missing are refused', async () => {
      const at = await begin('multi-wrong');
      const small = await upload(at, 1, Buffer.from('small'));
      const last = await upload(at, 2, Buffer.from('last'));
      const complete = (Parts: object[]) =>
        failureOf(s3.send(new CompleteMultipartUploadCommand({ ...at, MultipartUpload: { Parts } })));
      expect((await complete([small, last])).name).toBe('EntityTooSmall');
      expect((await complete([{ ...last, ETag: small.ETag }])).name).toBe('InvalidPart');
      expect((await complete([{ ...last, PartNumber: 9 }])).name).toBe('InvalidPart');
      await s3.send(new AbortMultipartUploadCommand(at));
    });

    it('that are given up leave nothing', async () => {
      const at = await begin('multi-gone');
      await upload(at, 1, Buffer.from('x'));
      await s3.send(new AbortMultipartUploadCommand(at));
      expect((await failureOf(upload(at, 2, Buffer.from('y')))).name).toBe('NoSuchUpload');
      expect((await failureOf(get('multi-gone'))).name).toBe('NoSuchKey');
    });
  });

  it('copies with or without new headers', async () => {
    await put('source Ü', 'content', { Metadata: { from: 'source' } });
    const CopySource = `${Bucket}/${encodeURIComponent('source Ü')}`;
    await s3.send(new CopyObjectCommand({ Bucket, Key: 'copy-1', CopySource }));
    const replaced = { MetadataDirective: 'REPLACE', Metadata: { from: 'copy' } } as const;
    await s3.send(new CopyObjectCommand({ Bucket, Key: 'copy-2', CopySource, ...replaced }));
    expect(await get('copy-1')).toMatchObject({ Metadata: { from: 'source' }, bytes: Buffer.from('content') });
    expect(await get('copy-2')).toMatchObject({ Metadata: { from: 'copy' }, bytes: Buffer.from('content') });
  });

  it('deletes many at once, and what is not there without complaint', async () => {
    await put('many/1', 'x');
    await put('many/&<2>', 'x');
    const Objects = ['many/1', 'many/&<2>', 'many/none'].map((Key) => ({ Key }));
    const { Deleted, Errors } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
    expect([Deleted?.length, Errors ?? []]).toEqual([3, []]);
    expect(await keys(s3, Bucket, 'many/')).toEqual([]);
  });

  it('refuses buckets that exist, are not there or are not empty', async () => {
    await put('occupant', 'x');
    expect((await failureOf(s3.send(new CreateBucketCommand({ Bucket })))).$metadata.httpStatusCode).toBe(409);
    expect((await failureOf(s3.send(new DeleteBucketCommand({ Bucket })))).name).toBe('BucketNotEmpty');
    const nowhere = { Bucket: `${Bucket}-none` };
    expect((await failureOf(s3.send(new HeadBucketCommand(nowhere)))).$metadata.httpStatusCode).toBe(404);
    expect((await failureOf(s3.send(new ListObjectsV2Command(nowhere)))).name).toBe('NoSuchBucket');
  });

  describe('who may ask', () => {
    it('nobody with a wrong secret, an unknown key id or no signature', async () => {
      await put('secret', 'x');
      for (const wrong of [{ secretAccessKey: 'wrong' }, { accessKeyId: 'nobody' }]) {
        const stranger = s3ClientOf({ ...target(), ...wrong });
        const failure = await failureOf(stranger.send(new GetObjectCommand({ Bucket, Key: 'secret' })));
        expect(failure.$metadata.httpStatusCode).toBe(403);
        stranger.destroy();
      }
      expect((await fetch(`${target().endpoint}/${Bucket}/secret`)).status).toBe(403);
    });

    it('whoever has a presigned address, for what it was signed and as long as it says', async () => {
      await put('signed', 'for you');
      const url = await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key: 'signed' }), { expiresIn: 60 });
      expect(await (await fetch(url)).text()).toBe('for you');
      expect((await fetch(url.replace('/signed?', '/secret?'))).status).toBe(403);
      expect((await fetch(url, { method: 'DELETE' })).status).toBe(403);
      const signingDate = new Date(Date.now() - 120_000);
      const old = await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key: 'signed' }), {
        expiresIn: 60,
        signingDate,
      });
      expect((await fetch(old)).status).toBe(403);
    });

    it('a presigned upload takes bytes without a key', async () => {
      // The signer would otherwise sign the checksum of a body that it does not know yet.
      const signer = s3ClientOf(target(), { requestChecksumCalculation: 'WHEN_REQUIRED' });
      const url = await getSignedUrl(signer, new PutObjectCommand({ Bucket, Key: 'uploaded' }), { expiresIn: 60 });
      signer.destroy();
      expect((await fetch(url, { method: 'PUT', body: 'by browser' })).status).toBe(200);
      expect((await get('uploaded')).bytes.toString()).toBe('by browser');
    });
  });

  it('serves the service through its own door', async () => {
    const store = new ObjectStore({ ...target(), bucket: `${Bucket}-door` });
    await Promise.all([store.ensureBucket(), store.ensureBucket()]);
    await store.put('packs/1', Buffer.from('0123456789'));
    expect((await store.get('packs/1', { offset: 3, length: 4 })).toString()).toBe('3456');
    expect(await store.find('packs/2')).toBeUndefined();
    expect(await store.list('packs/')).toEqual(['packs/1']);
    await store.delete('packs/1');
    expect(await store.list('')).toEqual([]);
    await s3.send(new DeleteBucketCommand({ Bucket: `${Bucket}-door` }));
    store.close();
  });
}

/** All keys with a prefix, page after page. */
export async function keys(s3: S3Client, Bucket: string, Prefix = '', MaxKeys = 1_000): Promise<string[]> {
  const found: string[] = [];
  let ContinuationToken: string | undefined;
  do {
    const page = await s3.send(new ListObjectsV2Command({ Bucket, Prefix, MaxKeys, ContinuationToken }));
    found.push(...(page.Contents ?? []).map(({ Key }) => Key!));
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken);
  return found;
}
