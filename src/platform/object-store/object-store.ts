import { createHash } from 'node:crypto';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  NoSuchKey,
  NotFound,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { within } from '../within.js';

export interface ObjectStoreConfig {
  readonly endpoint: string;
  /** The same store as clients reach it; `endpoint` when unset. */
  readonly publicEndpoint?: string | undefined;
  readonly region: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Nothing may hang on a store that does not answer: connecting, silence on a connection, a whole answer. */
const PATIENCE_MS = { connect: 3_000, silence: 10_000, answer: 60_000 };

/** A request that whoever has it may send, as long as it is valid: exactly with these headers. */
export interface PresignedRequest {
  readonly method: 'PUT' | 'GET';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Announced {
  readonly contentType: string;
  readonly bytes: number;
  /** In hex. */
  readonly sha256: string;
}

/** The one door to S3. Keys are ours, never a client's string. Errors of the server are thrown as the SDK gives them. */
export class ObjectStore {
  private readonly client: S3Client;
  /** Signs for clients and sends nothing itself. */
  private readonly signer: S3Client;

  constructor(readonly config: ObjectStoreConfig) {
    const options = {
      endpoint: config.endpoint,
      region: config.region,
      forcePathStyle: true,
      maxAttempts: 2,
      requestHandler: { connectionTimeout: PATIENCE_MS.connect, socketTimeout: PATIENCE_MS.silence },
      credentials: { accessKeyId: config.accessKeyId, secretAccessKey: config.secretAccessKey },
    };
    this.client = new S3Client(options);
    const endpoint = config.publicEndpoint ?? config.endpoint;
    this.signer = new S3Client({ ...options, endpoint, requestChecksumCalculation: 'WHEN_REQUIRED' });
  }

  /** Makes the bucket when it is not there. Safe to call from several processes at once. */
  async ensureBucket(): Promise<void> {
    try {
      await this.client.send(new HeadBucketCommand({ Bucket: this.config.bucket }));
    } catch {
      await this.client.send(new CreateBucketCommand({ Bucket: this.config.bucket })).catch((error: Error) => {
        if (!/BucketAlready/.test(error.name)) throw error;
      });
    }
  }

  async put(key: string, body: Buffer | string, contentType = 'application/octet-stream'): Promise<void> {
    await this.client.send(
      new PutObjectCommand({ Bucket: this.config.bucket, Key: key, Body: body, ContentType: contentType }),
    );
  }

  /** The bytes of an object, or of `length` bytes from `offset`. Throws `NoSuchKey` when there is none. */
  async get(key: string, range?: { offset: number; length: number }): Promise<Buffer> {
    const Range = range && `bytes=${range.offset}-${range.offset + range.length - 1}`;
    const answer = await this.client.send(new GetObjectCommand({ Bucket: this.config.bucket, Key: key, Range }));
    return Buffer.from(await within(PATIENCE_MS.answer, answer.Body!.transformToByteArray()));
  }

  /** As {@link get}, with undefined for an object that is not there. */
  async find(key: string): Promise<Buffer | undefined> {
    try {
      return await this.get(key);
    } catch (error) {
      if (error instanceof NoSuchKey) return undefined;
      throw error;
    }
  }

  /** Length and type of an object; undefined when there is none. */
  async head(key: string): Promise<{ bytes: number; contentType: string } | undefined> {
    try {
      const answer = await this.client.send(new HeadObjectCommand({ Bucket: this.config.bucket, Key: key }));
      return { bytes: answer.ContentLength ?? 0, contentType: answer.ContentType ?? '' };
    } catch (error) {
      if (error instanceof NotFound) return undefined;
      throw error;
    }
  }

  /** SHA-256 of an object's bytes in hex, read piece by piece. */
  async sha256(key: string): Promise<string> {
    const answer = await this.client.send(new GetObjectCommand({ Bucket: this.config.bucket, Key: key }));
    const hash = createHash('sha256');
    for await (const piece of answer.Body as AsyncIterable<Buffer>) hash.update(piece);
    return hash.digest('hex');
  }

  /** An address that takes these bytes and no others, once: length, type and SHA-256 are part of the signature. */
  async presignPut(key: string, { contentType, bytes, sha256 }: Announced, seconds: number): Promise<PresignedRequest> {
    const checksum = Buffer.from(sha256, 'hex').toString('base64');
    const signed = ['content-length', 'content-type', 'if-none-match', 'x-amz-checksum-sha256'];
    const command = new PutObjectCommand({
      Bucket: this.config.bucket,
      Key: key,
      ContentLength: bytes,
      ContentType: contentType,
      ChecksumSHA256: checksum,
      IfNoneMatch: '*',
    });
    const url = await getSignedUrl(this.signer, command, {
      expiresIn: seconds,
      signableHeaders: new Set(['host', ...signed]),
      unhoistableHeaders: new Set(signed),
    });
    const headers = {
      'content-length': String(bytes),
      'content-type': contentType,
      'if-none-match': '*',
      'x-amz-checksum-sha256': checksum,
    };
    return { method: 'PUT', url, headers };
  }

  /** An address that takes any bytes, for programs that do not know yet what they will write. */
  async presignAnyPut(key: string, seconds: number): Promise<string> {
    const command = new PutObjectCommand({ Bucket: this.config.bucket, Key: key });
    return getSignedUrl(this.signer, command, { expiresIn: seconds });
  }

  /** An address to read an object from; a browser saves it and shows nothing of it. */
  async presignGet(key: string, seconds: number): Promise<PresignedRequest> {
    const command = new GetObjectCommand({
      Bucket: this.config.bucket,
      Key: key,
      ResponseContentDisposition: 'attachment',
    });
    return { method: 'GET', url: await getSignedUrl(this.signer, command, { expiresIn: seconds }), headers: {} };
  }

  /** Keys that begin with a prefix. Their order carries no meaning. */
  async list(prefix: string): Promise<string[]> {
    const keys: string[] = [];
    let token: string | undefined;
    do {
      const page = await this.client.send(
        new ListObjectsV2Command({ Bucket: this.config.bucket, Prefix: prefix, ContinuationToken: token }),
      );
      keys.push(...(page.Contents ?? []).map(({ Key }) => Key!));
      token = page.NextContinuationToken;
    } while (token);
    return keys;
  }

  async delete(key: string): Promise<void> {
    await this.client.send(new DeleteObjectCommand({ Bucket: this.config.bucket, Key: key }));
  }

  close(): void {
    this.client.destroy();
    this.signer.destroy();
  }
}
