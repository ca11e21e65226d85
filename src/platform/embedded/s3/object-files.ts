import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Checksum } from './checksums.js';
import { refuseWrite, type WriteCondition } from './conditions.js';
import { ifThere, isFileError, S3Error } from './errors.js';
import { Folders } from './folders.js';
import { pathOfKey } from './key-paths.js';
import { StagedFile } from './staged-file.js';
import { factsOf, StoredFile } from './stored-file.js';
import { Turns } from './turns.js';

/** What is kept of an object in the footer of its file. */
export interface ObjectFacts {
  readonly key: string;
  readonly size: number;
  readonly etag: string;
  readonly modifiedAt: number;
  /** Headers that the client gave and gets back: the content type, x-amz-meta-* and the like. */
  readonly headers: Readonly<Record<string, string>>;
  readonly checksum?: Checksum;
}

export type StoredObject = StoredFile<ObjectFacts>;

/** No bucket can have these names, as they begin with a dot. */
const TEMPORARY = '.temporary';
const UPLOADS = '.uploads';

/** The folder of everything, and the only code that knows where in it things are. One process at a time may use it. */
export class ObjectFiles {
  readonly folders = new Folders();
  private readonly turns = new Turns();

  private constructor(readonly root: string) {}

  /** Removes what a crash left half written. */
  static async open(root: string): Promise<ObjectFiles> {
    await mkdir(join(root, UPLOADS), { recursive: true });
    await rm(join(root, TEMPORARY), { recursive: true, force: true });
    await mkdir(join(root, TEMPORARY));
    const files = new ObjectFiles(root);
    await files.folders.flush(root);
    return files;
  }

  bucketPath = (bucket: string): string => join(this.root, bucket);
  uploadsPath = (): string => join(this.root, UPLOADS);

  objectPath(bucket: string, key: string): string {
    const { folders, file } = pathOfKey(key);
    return join(this.bucketPath(bucket), ...folders, file);
  }

  async needBucket(bucket: string): Promise<void> {
    if (!(await ifThere(stat(this.bucketPath(bucket)))))
      throw new S3Error('NoSuchBucket', 'The bucket does not exist.');
  }

  /** Work that must not meet other changes of the same bucket. */
  changing<T>(bucket: string, work: () => Promise<T>): Promise<T> {
    return this.turns.take(bucket, work);
  }

  async open(bucket: string, key: string): Promise<StoredObject> {
    return this.found(bucket, StoredFile.open<ObjectFacts>(this.objectPath(bucket, key)));
  }

  async facts(bucket: string, key: string): Promise<ObjectFacts> {
    return this.found(bucket, factsOf<ObjectFacts>(this.objectPath(bucket, key)));
  }

  /** Whatever `fill` does or throws, nothing temporary remains after it. */
  async staging<T>(fill: (file: StagedFile) => Promise<T>): Promise<T> {
    const file = await StagedFile.create(join(this.root, TEMPORARY));
    try {
      return await fill(file);
    } finally {
      await file.clear();
    }
  }

  /** Makes a sealed file the object. When it resolves, the object survives any crash. */
  async place(bucket: string, key: string, file: StagedFile, condition: WriteCondition): Promise<void> {
    const target = pathOfKey(key);
    const folder = await this.changing(bucket, async () => {
      await this.needBucket(bucket);
      await refuseWrite(condition, () => this.facts(bucket, key));
      const path = await this.folders.ensure(this.bucketPath(bucket), target.folders);
      if (condition.ifAbsent) await linkOrRefuse(file, join(path, target.file));
      else await file.moveTo(join(path, target.file));
      return path;
    });
    await this.folders.flush(folder);
  }

  /** Deleting what is not there is fine. When it resolves, the object stays deleted. */
  async remove(bucket: string, key: string, condition: WriteCondition): Promise<void> {
    const base = this.bucketPath(bucket);
    const target = pathOfKey(key);
    const folder = join(base, ...target.folders);
    const remaining = await this.changing(bucket, async () => {
      await this.needBucket(bucket);
      await refuseWrite(condition, () => this.facts(bucket, key));
      if (!(await ifThere(unlink(join(folder, target.file)).then(() => true)))) return undefined;
      return this.folders.prune(base, folder);
    });
    if (remaining !== undefined) await this.folders.flush(remaining);
  }

  /** Removes a folder in one step as far as anybody can see, then piece by piece. Fails with ENOENT without one. */
  async discard(folder: string): Promise<void> {
    const grave = join(this.root, TEMPORARY, randomUUID());
    await rename(folder, grave);
    this.folders.forget(folder);
    await this.folders.flush(dirname(folder));
    await rm(grave, { recursive: true, force: true });
  }

  /** Everything in the root that may be a bucket. */
  async names(): Promise<string[]> {
    const entries = await readdir(this.root, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')).map(({ name }) => name);
  }

  private async found<T>(bucket: string, opening: Promise<T>): Promise<T> {
    const found = await ifThere(opening);
    if (found !== undefined) return found;
    await this.needBucket(bucket);
    throw new S3Error('NoSuchKey', 'The specified key does not exist.');
  }
}

async function linkOrRefuse(file: StagedFile, target: string): Promise<void> {
  try {
    await file.linkTo(target);
  } catch (error) {
    if (!isFileError(error, 'EEXIST')) throw error;
    throw new S3Error('PreconditionFailed', 'There is an object of this key already.');
  }
}
