import { Injectable } from '@nestjs/common';
import { blobFacts } from '../core/blob.js';
import { LIMITS } from '../core/limits.js';
import { Database } from '../platform/database/database.js';

export interface UploadRow {
  readonly projectId: string;
  readonly id: string;
  readonly objectKey: string;
  readonly contentType: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly expiresAt: Date;
}

@Injectable()
export class UploadStore {
  constructor(private readonly db: Database) {}

  async insert(upload: UploadRow): Promise<void> {
    await this.db.prisma.upload.create({ data: upload });
  }

  find(projectId: string, id: string) {
    return this.db.prisma.upload.findUnique({ where: { projectId_id: { projectId, id }, droppedAt: null } });
  }

  async complete(projectId: string, id: string): Promise<void> {
    await this.db.query(
      'update upload set completed_at = coalesce(completed_at, now()) where project_id = $1 and id = $2',
      [projectId, id],
    );
  }

  /** Keeps the uploads that predictions are about to name. Tells the keys of those that are complete and still there. */
  async use(projectId: string, keys: readonly string[]): Promise<Set<string>> {
    const ids = keys.flatMap((key) => blobFacts(key)?.uploadId ?? []);
    const rows = await this.db.query<{ key: string }>(
      `update upload set used_at = coalesce(used_at, now())
       where project_id = $1 and id = any($2::uuid[]) and completed_at is not null and dropped_at is null
       returning object_key as key`,
      [projectId, ids],
    );
    return new Set(rows.map(({ key }) => key));
  }

  /** An upload of which only the object is left: it is used by the prediction that is being restored. */
  async restore(upload: UploadRow): Promise<void> {
    await this.db.query(
      `insert into upload (project_id, id, object_key, content_type, bytes, sha256, expires_at, completed_at, used_at)
       values ($1, $2, $3, $4, $5, $6, $7, now(), now()) on conflict do nothing`,
      [
        upload.projectId,
        upload.id,
        upload.objectKey,
        upload.contentType,
        upload.bytes,
        upload.sha256,
        upload.expiresAt,
      ],
    );
  }

  /**
   * Marks uploads that nobody will name any more, so that nobody can from here on: never completed an hour after their
   * address went out of date, or complete and not named for a day.
   */
  async claimUnused(most: number): Promise<UploadRow[]> {
    return this.db.query<UploadRow>(
      `update upload set dropped_at = now() where (project_id, id) in (
         select project_id, id from upload
         where used_at is null and ((completed_at is null and expires_at < now() - interval '1 hour')
           or created_at < now() - make_interval(hours => $2))
         order by created_at limit $1 for update skip locked)
       returning project_id as "projectId", id, object_key as "objectKey"`,
      [most, LIMITS.unusedUploadHours],
    );
  }

  async delete(projectId: string, id: string): Promise<void> {
    await this.db.prisma.upload.deleteMany({ where: { projectId, id } });
  }
}
