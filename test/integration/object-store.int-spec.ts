import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type S3Server, startS3Server } from '../../src/platform/embedded/s3/server.js';
import type { ObjectStoreConfig } from '../../src/platform/object-store/object-store.js';
import { failureOf, itKeepsObjectsAsS3Does, keys, s3ClientOf } from '../support/object-store.shared-spec.js';

const credentials = { accessKeyId: 'flywheel', secretAccessKey: 'a secret of the test' };
const { S3_ENDPOINT, S3_REGION, S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY } = process.env;

let root: string;
let server: S3Server;
const failures: unknown[] = [];

const start = async (): Promise<void> => {
  server = await startS3Server({ root, credentials, report: (error) => failures.push(error) });
};
const config = (): ObjectStoreConfig => ({
  endpoint: server.endpoint,
  region: 'us-east-1',
  bucket: 'test',
  ...credentials,
});

describe('the embedded S3 server', () => {
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'flywheel-s3-'));
    await start();
  });
  afterAll(async () => {
    await server.close();
    await rm(root, { recursive: true, force: true });
    expect(failures).toEqual([]);
  });

  describe('to its clients', () => itKeepsObjectsAsS3Does(config));

  it('finds everything after a restart, and removes what a crash left half written', async () => {
    let s3 = s3ClientOf(config());
    await s3.send(new CreateBucketCommand({ Bucket: 'restart' }));
    const body = randomBytes(100_000);
    await s3.send(new PutObjectCommand({ Bucket: 'restart', Key: 'Kept/1', Body: body, Metadata: { turn: '1' } }));
    s3.destroy();
    await server.close();
    await writeFile(join(root, '.temporary', 'half-written'), 'half of an obj');
    await start();
    s3 = s3ClientOf(config());
    const found = await s3.send(new GetObjectCommand({ Bucket: 'restart', Key: 'Kept/1' }));
    expect(found.Metadata).toEqual({ turn: '1' });
    expect(Buffer.from(await found.Body!.transformToByteArray()).equals(body)).toBe(true);
    expect(await readdir(join(root, '.temporary'))).toEqual([]);
    expect(await keys(s3, 'restart')).toEqual(['Kept/1']);
    s3.destroy();
  });

  it('keeps the old object when a client goes away in the middle of a new one', async () => {
    const s3 = s3ClientOf(config());
    await s3.send(new CreateBucketCommand({ Bucket: 'broken' }));
    await s3.send(new PutObjectCommand({ Bucket: 'broken', Key: 'object', Body: 'the old one' }));
    const signer = s3ClientOf(config(), { requestChecksumCalculation: 'WHEN_REQUIRED' });
    const url = await getSignedUrl(signer, new PutObjectCommand({ Bucket: 'broken', Key: 'object' }));
    signer.destroy();
    await new Promise<void>((resolve) => {
      const upload = request(url, { method: 'PUT', headers: { 'content-length': 1_000_000 } });
      upload.on('error', () => resolve());
      upload.write(Buffer.alloc(200_000), () => upload.destroy(new Error('gone')));
    });
    const found = await s3.send(new GetObjectCommand({ Bucket: 'broken', Key: 'object' }));
    expect(await found.Body!.transformToString()).toBe('the old one');
    await expect.poll(() => readdir(join(root, '.temporary'))).toEqual([]);
    s3.destroy();
  });

  it('says NotImplemented of what it cannot do, rather than to ignore it', async () => {
    const s3 = s3ClientOf(config());
    await s3.send(new CreateBucketCommand({ Bucket: 'refusals' }));
    const put = (more: object) =>
      failureOf(s3.send(new PutObjectCommand({ Bucket: 'refusals', Key: 'x', Body: 'x', ...more })));
    expect((await put({ ServerSideEncryption: 'AES256' })).name).toBe('NotImplemented');
    expect((await put({ Tagging: 'a=b' })).name).toBe('NotImplemented');
    const versions = s3.send(new GetObjectCommand({ Bucket: 'refusals', Key: 'x', VersionId: 'v1' }));
    expect((await failureOf(versions)).name).toBe('NotImplemented');
    s3.destroy();
  });

  it('reads and writes nothing outside its root, whatever the address', async () => {
    const outside = join(root, '..', 'flywheel-s3-outside');
    await writeFile(outside, 'not yours');
    const s3 = s3ClientOf(config());
    for (const Bucket of ['..', '.temporary', '.uploads']) {
      const failure = await failureOf(s3.send(new GetObjectCommand({ Bucket, Key: 'flywheel-s3-outside' })));
      expect(failure.$metadata.httpStatusCode, Bucket).toBeGreaterThanOrEqual(400);
      expect(failure.$metadata.httpStatusCode, Bucket).toBeLessThan(500);
    }
    await s3.send(new CreateBucketCommand({ Bucket: 'inside' }));
    await s3.send(new PutObjectCommand({ Bucket: 'inside', Key: '../../flywheel-s3-outside', Body: 'mine' }));
    expect(await readFile(outside, 'utf8')).toBe('not yours');
    await rm(outside);
    s3.destroy();
  });
});

if (S3_ENDPOINT !== undefined && S3_ACCESS_KEY_ID !== undefined && S3_SECRET_ACCESS_KEY !== undefined)
  describe(`the S3 server at ${S3_ENDPOINT}`, () =>
    itKeepsObjectsAsS3Does(() => ({
      endpoint: S3_ENDPOINT,
      region: S3_REGION ?? 'us-east-1',
      bucket: 'flywheel-conformance',
      accessKeyId: S3_ACCESS_KEY_ID,
      secretAccessKey: S3_SECRET_ACCESS_KEY,
    })));
