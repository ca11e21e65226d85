import { Injectable } from '@nestjs/common';
import type { Journey } from '../core/journey.js';
import { Database } from '../platform/database/database.js';
import { readJourney } from '../platform/database/journey.js';

/** What became of feedback: reads only. */
@Injectable()
export class ReceiptStore {
  constructor(private readonly db: Database) {}

  find(projectId: string, id: string) {
    return this.db.prisma.feedback.findUnique({ where: { projectId_id: { projectId, id } } });
  }

  /** The prediction that one feedback speaks of; undefined while it has not arrived. */
  async target(projectId: string, id: string): Promise<string | undefined> {
    const [row] = await this.db.query<{ id: string }>(
      `select p.id from feedback f
       join prediction p on p.project_id = f.project_id and (p.id = f.prediction_id or p.external_id = f.external_id)
       where f.project_id = $1 and f.id = $2 limit 1`,
      [projectId, id],
    );
    return row?.id;
  }

  /** See {@link readJourney}. */
  journey(projectId: string, predictionId: string): Promise<Journey | undefined> {
    return readJourney(this.db, projectId, predictionId);
  }
}
