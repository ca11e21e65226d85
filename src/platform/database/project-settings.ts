import { completeSettings, type ProjectSettings, type SettingsPatch } from '../../core/settings.js';
import type { Database } from './database.js';

/** What a project's operator chose, completed by the defaults. Throws when there is no such project. */
export async function readSettings({ prisma }: Database, projectId: string): Promise<ProjectSettings> {
  const { settings } = await prisma.project.findUniqueOrThrow({ where: { id: projectId }, select: { settings: true } });
  return completeSettings(settings as SettingsPatch);
}

/** As {@link readSettings}, of every project. */
export async function readAllSettings({ prisma }: Database): Promise<{ id: string; settings: ProjectSettings }[]> {
  const projects = await prisma.project.findMany({ select: { id: true, settings: true } });
  return projects.map(({ id, settings }) => ({ id, settings: completeSettings(settings as SettingsPatch) }));
}
