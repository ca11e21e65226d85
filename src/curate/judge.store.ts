import { Injectable } from '@nestjs/common';
import { BY_LABEL, byTolerance, type Judge } from '../core/judge.js';
import { Database } from '../platform/database/database.js';
import { readSettings } from '../platform/database/project-settings.js';

/** The latest labels, by which a judge of values knows their scale. */
const LATEST = 10_000;

/** What counts as right in a project. */
@Injectable()
export class JudgeStore {
  constructor(private readonly db: Database) {}

  async of(projectId: string): Promise<Judge> {
    const { task, promotion } = await readSettings(this.db, projectId);
    if (task !== 'regression') return BY_LABEL;
    const rows = await this.db.query<{ label: string }>(
      `select label from sample where project_id = $1 and status = 'resolved' order by revision desc limit ${LATEST}`,
      [projectId],
    );
    const labels = rows.map(({ label }) => label);
    return byTolerance(labels, promotion.tolerance);
  }
}
