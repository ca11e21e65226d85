import { Injectable } from '@nestjs/common';
import { Database } from '../platform/database/database.js';

export type BaseRow = Awaited<ReturnType<Database['prisma']['baseModel']['findFirstOrThrow']>>;

@Injectable()
export class BaseStore {
  constructor(private readonly db: Database) {}

  byHash(projectId: string, hash: string): Promise<BaseRow | null> {
    return this.db.prisma.baseModel.findUnique({ where: { projectId_hash: { projectId, hash } } });
  }

  /** The same model brought again is in use again. */
  async insert(base: Omit<BaseRow, 'createdAt' | 'retiredAt'>): Promise<BaseRow> {
    const { projectId, hash } = base;
    return this.db.prisma.baseModel.upsert({
      where: { projectId_hash: { projectId, hash } },
      create: { ...base, spec: base.spec as object },
      update: { name: base.name, createdAt: new Date(), retiredAt: null },
    });
  }

  list(projectId: string): Promise<BaseRow[]> {
    return this.db.prisma.baseModel.findMany({ where: { projectId }, orderBy: { createdAt: 'desc' }, take: 100 });
  }

  /** False when there is none. Retiring again changes nothing. */
  async retire(projectId: string, id: string): Promise<boolean> {
    const rows = await this.db.query(
      `update base_model set retired_at = coalesce(retired_at, now()) where project_id = $1 and id = $2 returning id`,
      [projectId, id],
    );
    return rows.length > 0;
  }
}
