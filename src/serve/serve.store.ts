import { Injectable } from '@nestjs/common';
import { Database } from '../platform/database/database.js';

export interface ServedVersion {
  readonly version: number;
  readonly prefix: string;
}

export interface ServingVersion extends ServedVersion {
  /** Of its files and of those of the base it stands on. */
  readonly bytes: number;
}

@Injectable()
export class ServeStore {
  constructor(private readonly db: Database) {}

  /** The version that serves now. */
  async champion(projectId: string): Promise<ServingVersion | undefined> {
    const [row] = await this.db.query<ServingVersion>(
      `select m.version, m.prefix, (m.bytes::float8 + coalesce(b.bytes, 0)) as bytes from model_alias a
       join model_version m on m.project_id = a.project_id and m.version = a.version
       left join base_model b on b.project_id = m.project_id and b.hash = m.metrics->>'base'
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
