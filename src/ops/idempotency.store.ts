import { Injectable } from '@nestjs/common';
import { LIMITS } from '../core/limits.js';
import { Database } from '../platform/database/database.js';
import { type Remembered, type RememberedAnswer, RequestMemory } from '../platform/http/idempotency.js';

/** A request that has not ended by then belongs to a process that went away; another may do it again. */
const GONE_SECONDS = 60;
const MOST_DROPPED = 5_000;

@Injectable()
export class IdempotencyStore extends RequestMemory {
  constructor(private readonly db: Database) {
    super();
  }

  async begin(request: { projectId: string; key: string; fingerprint: string }): Promise<Remembered> {
    const { projectId, key, fingerprint } = request;
    const begun = await this.db.query(
      `insert into idempotent_request as r (project_id, key, fingerprint) values ($1, $2, $3)
       on conflict (project_id, key) do update set started_at = now()
       where r.status is null and r.fingerprint = $3 and r.started_at < now() - make_interval(secs => $4)
       returning 1`,
      [projectId, key, fingerprint, GONE_SECONDS],
    );
    if (begun.length > 0) return 'begun';
    const row = await this.db.prisma.idempotentRequest.findUnique({ where: { projectId_key: { projectId, key } } });
    if (row && row.fingerprint !== fingerprint) return 'another request';
    if (!row || row.status === null) return 'at work';
    return { status: row.status, contentType: row.contentType!, body: row.body! };
  }

  async finish({ projectId, key }: { projectId: string; key: string }, answer: RememberedAnswer): Promise<void> {
    await this.db.query(
      `update idempotent_request set status = $3, content_type = $4, body = $5 where project_id = $1 and key = $2`,
      [projectId, key, answer.status, answer.contentType, answer.body],
    );
  }

  async forget({ projectId, key }: { projectId: string; key: string }): Promise<void> {
    await this.db.query('delete from idempotent_request where project_id = $1 and key = $2 and status is null', [
      projectId,
      key,
    ]);
  }

  /** Drops what is older than a day, some at a time. */
  async dropOld(): Promise<void> {
    await this.db.query(
      `delete from idempotent_request where (project_id, key) in (
         select project_id, key from idempotent_request where started_at < now() - make_interval(hours => $1) limit $2)`,
      [LIMITS.idempotencyHours, MOST_DROPPED],
    );
  }
}
