import { Injectable } from '@nestjs/common';
import type { SettingsPatch } from '../core/settings.js';
import { Database } from '../platform/database/database.js';

export interface ProjectRow {
  readonly id: string;
  readonly name: string;
  readonly settings: SettingsPatch;
  readonly createdAt: Date;
}

@Injectable()
export class ProjectStore {
  constructor(private readonly db: Database) {}

  /** False when the id is taken. */
  async insertOnce(id: string, name: string, settings: SettingsPatch): Promise<boolean> {
    const rows = await this.db.query(
      'insert into project (id, name, settings) values ($1, $2, $3) on conflict do nothing returning id',
      [id, name, JSON.stringify(settings)],
    );
    return rows.length > 0;
  }

  /** Whether a model has answered anything, or a person said what it is. */
  async hasAnswers(projectId: string): Promise<boolean> {
    const [row] = await this.db.query<{ found: boolean }>(
      `select exists (select 1 from prediction where project_id = $1 and label is not null)
           or exists (select 1 from feedback where project_id = $1 and label is not null) as found`,
      [projectId],
    );
    return row!.found;
  }

  async update(id: string, name: string, settings: SettingsPatch): Promise<void> {
    await this.db.prisma.project.update({ where: { id }, data: { name, settings: settings as object } });
  }

  async find(id: string): Promise<ProjectRow | null> {
    return (await this.db.prisma.project.findUnique({ where: { id } })) as ProjectRow | null;
  }

  async list(): Promise<ProjectRow[]> {
    return (await this.db.prisma.project.findMany({ orderBy: { createdAt: 'asc' } })) as ProjectRow[];
  }

  /** Who changed what; never the secret itself. */
  async audit(entry: { projectId: string; actor: string; action: string; facts: object }): Promise<void> {
    await this.db.prisma.audit.create({ data: entry });
  }
}
