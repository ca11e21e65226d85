import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Checksum } from './checksums.js';
import { ifThere, isFileError, S3Error } from './errors.js';
import type { ObjectFiles } from './object-files.js';
import type { S3Request } from './request.js';
import type { StagedFile } from './staged-file.js';
import { factsOf, StoredFile } from './stored-file.js';
import { mapInFlight } from './turns.js';

/** What a multipart upload will become. */
export interface UploadFacts {
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly checksum?: Pick<Checksum, 'algorithm' | 'type'>;
}

export interface PartFacts {
  readonly partNumber: number;
  readonly size: number;
  readonly etag: string;
  readonly modifiedAt: number;
  readonly checksum?: Checksum;
}

const RECORD = 'upload';
const READS_IN_FLIGHT = 16;

/** An upload in parts: a folder with a record of what is wanted and one file a part. It is over when the folder is gone. */
export class Upload {
  private constructor(
    private readonly files: ObjectFiles,
    private readonly folder: string,
    readonly facts: UploadFacts,
  ) {}

  static async create(files: ObjectFiles, bucket: string, facts: UploadFacts): Promise<string> {
    const uploadId = randomBytes(16).toString('hex');
    const folder = await files.changing(bucket, async () => {
      await files.needBucket(bucket);
      return files.folders.ensure(files.uploadsPath(), [bucket, uploadId]);
    });
    await files.staging(async (file) => {
      await file.seal(facts);
      await orNoSuchUpload(file.moveTo(join(folder, RECORD)));
    });
    await files.folders.flush(folder);
    return uploadId;
  }

  /** The upload that a request names. The id is checked first, as it becomes part of a path. */
  static async of(files: ObjectFiles, { bucket, key, query }: S3Request): Promise<Upload> {
    const uploadId = query.get('uploadId') ?? '';
    if (!/^[0-9a-f]{32}$/.test(uploadId)) throw noSuchUpload();
    const folder = join(files.uploadsPath(), bucket, uploadId);
    const facts = await orNoSuchUpload(factsOf<UploadFacts>(join(folder, RECORD)));
    if (facts.key !== key) throw noSuchUpload();
    return new Upload(files, folder, facts);
  }

  /** A part that is sent again takes the place of the first. */
  async addPart(file: StagedFile, facts: PartFacts): Promise<void> {
    await file.seal(facts);
    await orNoSuchUpload(file.moveTo(this.partPath(facts.partNumber)));
    await this.files.folders.flush(this.folder);
  }

  openPart(partNumber: number): Promise<StoredFile<PartFacts> | undefined> {
    return ifThere(StoredFile.open<PartFacts>(this.partPath(partNumber)));
  }

  /** What is known of these parts; undefined for each that has not been sent. */
  factsOfParts(partNumbers: readonly number[]): Promise<(PartFacts | undefined)[]> {
    return mapInFlight(partNumbers, READS_IN_FLIGHT, (number) => ifThere(factsOf<PartFacts>(this.partPath(number))));
  }

  /** The numbers of all parts sent, in order. */
  async partNumbers(): Promise<number[]> {
    const names = await orNoSuchUpload(readdir(this.folder));
    return names
      .filter((name) => name !== RECORD)
      .map(Number)
      .sort((a, b) => a - b);
  }

  async end(): Promise<void> {
    await orNoSuchUpload(this.files.discard(this.folder));
  }

  private partPath = (partNumber: number) => join(this.folder, String(partNumber));
}

/** Another request may end the upload at any moment. */
async function orNoSuchUpload<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw isFileError(error, 'ENOENT') ? noSuchUpload() : error;
  }
}

const noSuchUpload = () => new S3Error('NoSuchUpload', 'The specified multipart upload does not exist.');
