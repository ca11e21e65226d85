import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { blobFacts, blobKey } from '../core/blob.js';
import { LoopError } from '../core/errors.js';
import { isUuid, newId, sha256 } from '../core/ids.js';
import { LIMITS } from '../core/limits.js';
import { dropUploads } from '../jobs.js';
import { fewPictures, isImageOf } from '../platform/model-runtime/image-pixels.js';
import { ObjectStore } from '../platform/object-store/object-store.js';
import { JobQueue } from '../platform/queue/job-queue.js';
import { invalid } from '../platform/validation.js';
import type { UploadOrder } from './upload.schema.js';
import { UploadStore } from './upload.store.js';

interface Announcement {
  readonly objectKey: string;
  readonly contentType: string;
  readonly bytes: number;
  /** In hex. */
  readonly sha256: string;
}

const OTHER_BYTES = { pointer: '/sha256', detail: 'is another one' };
const EVERY_MS = 600_000;
const DROPPED_AT_ONCE = 500;

/** Large inputs go to the object store past this service; it says where, and looks at what has come. */
@Injectable()
export class UploadService {
  constructor(
    private readonly store: UploadStore,
    private readonly objects: ObjectStore,
    private readonly jobs: JobQueue,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.jobs.repeat(dropUploads, {}, { name: 'uploads', every: EVERY_MS });
  }

  /** An address that takes exactly these bytes, once, for a quarter of an hour. */
  async order(projectId: string, { contentType, bytes, sha256 }: z.infer<typeof UploadOrder>) {
    const id = newId();
    const objectKey = blobKey(projectId, id, sha256, contentType);
    const expiresAt = new Date(Date.now() + LIMITS.uploadMinutes * 60_000);
    await this.store.insert({ projectId, id, objectKey, contentType, bytes, sha256, expiresAt });
    const put = await this.objects.presignPut(objectKey, { contentType, bytes, sha256 }, LIMITS.uploadMinutes * 60);
    return { id, blob: objectKey, put, expiresAt };
  }

  /** Looks at what has come: from then on predictions may name it. What is not as it was announced is thrown away. */
  async complete(projectId: string, id: string) {
    const upload = await this.find(projectId, id);
    if (!upload.completedAt) {
      const wrong = await this.differences(upload);
      if (wrong.length > 0) {
        await this.objects.delete(upload.objectKey);
        throw invalid(wrong);
      }
      await this.store.complete(projectId, id);
    }
    return this.read(projectId, id);
  }

  async read(projectId: string, id: string) {
    const { objectKey, contentType, bytes, sha256, expiresAt, completedAt, usedAt } = await this.find(projectId, id);
    const get = completedAt && (await this.objects.presignGet(objectKey, LIMITS.uploadMinutes * 60));
    return { id, blob: objectKey, contentType, bytes, sha256, expiresAt, completedAt, usedAt, get };
  }

  /** Of the blobs that items name, those that may be named; they are kept from now on. */
  use(projectId: string, keys: readonly string[]): Promise<Set<string>> {
    return keys.length === 0 ? Promise.resolve(new Set()) : this.store.use(projectId, keys);
  }

  /** The row of an object that is still there though the database has forgotten it. */
  async restore(key: string): Promise<void> {
    const facts = blobFacts(key);
    const head = facts && (await this.objects.head(key));
    if (!head) return;
    const { projectId, uploadId: id, sha256 } = facts;
    const { contentType, bytes } = head;
    await this.store.restore({ projectId, id, objectKey: key, contentType, bytes, sha256, expiresAt: new Date() });
  }

  /** Drops what nobody will name any more: the object first, so that its row is there until it is gone. */
  async dropUnused(): Promise<void> {
    for (const { projectId, id, objectKey } of await this.store.claimUnused(DROPPED_AT_ONCE)) {
      await this.objects.delete(objectKey);
      await this.store.delete(projectId, id);
    }
  }

  private async find(projectId: string, id: string) {
    const upload = isUuid(id) ? await this.store.find(projectId, id) : null;
    if (!upload) throw new LoopError('not-found', `There is no upload ${id} in this project.`);
    return upload;
  }

  private async differences(upload: Announcement) {
    const head = await this.objects.head(upload.objectKey);
    if (!head) throw new LoopError('not-possible-now', 'Nothing has been uploaded yet: PUT the bytes first.');
    if (head.bytes !== upload.bytes)
      return [{ pointer: '/bytes', detail: `was to be ${upload.bytes} and is ${head.bytes}` }];
    if (head.contentType !== upload.contentType)
      return [{ pointer: '/contentType', detail: `was to be ${upload.contentType} and is ${head.contentType}` }];
    if (blobFacts(upload.objectKey)?.isImage) return fewPictures(() => this.differencesOfImage(upload));
    return (await this.objects.sha256(upload.objectKey)) === upload.sha256 ? [] : [OTHER_BYTES];
  }

  private async differencesOfImage({ objectKey, contentType, sha256: announced }: Announcement) {
    const image = await this.objects.get(objectKey);
    if (sha256(image) !== announced) return [OTHER_BYTES];
    return (await isImageOf(contentType, image))
      ? []
      : [{ pointer: '/contentType', detail: `the bytes are no ${contentType} of our limits` }];
  }
}
