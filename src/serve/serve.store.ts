import { Injectable } from '@nestjs/common';
import { Database } from '../platform/database/database.js';

export interface ServedVersion {
  readonly version: number;
  readonly prefix: string;
}

@Injectable()
export class ServeStore {
  constructor(private readonly db: Database) {}

  /** The version that serves now. */
  async champion(projectId: string): Promise<ServedVersion | undefined> {
    const [row] = await this.db.query<ServedVersion>(
      `select m.version, m.prefix from model_alias a
       join model_version m on m.project_id = a.project_id and m.version = a.version
       where a.project_id = $1 and a.name = 'champion'`,
      [projectId],
    );
    return row;
  }

  async version(projectId: string, version: number): Promise<ServedVersion | undefined> {
    const row = await this.db.prisma.modelVersion.findUnique({ where: { projectId_version: { projectId, version } } });
    return row ? { version: row.version, prefix: row.prefix } : undefined;
  }
}
