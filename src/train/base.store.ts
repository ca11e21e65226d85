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

  all(): Promise<BaseRow[]> {
    return this.db.prisma.baseModel.findMany();
  }

  /** @param base with its times as JSON has them. False when it is there already. */
  async restore(base: BaseRow): Promise<boolean> {
    const data = [{ ...base, spec: base.spec as object }];
    return (await this.db.prisma.baseModel.createMany({ data, skipDuplicates: true })).count > 0;
  }

  list(projectId: string): Promise<BaseRow[]> {
    return this.db.prisma.baseModel.findMany({ where: { projectId }, orderBy: { createdAt: 'desc' }, take: 100 });
  }

  /** Undefined when there is none. Retiring again changes nothing. */
  async retire(projectId: string, id: string): Promise<BaseRow | undefined> {
    await this.db.query(
      `update base_model set retired_at = coalesce(retired_at, now()) where project_id = $1 and id = $2`,
      [projectId, id],
    );
    return (await this.db.prisma.baseModel.findUnique({ where: { projectId_id: { projectId, id } } })) ?? undefined;
  }
}
