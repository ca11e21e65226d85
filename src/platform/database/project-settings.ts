import { completeSettings, type ProjectSettings, type SettingsPatch } from '../../core/settings.js';
import { type PostedAnswer, type Task, taskOf } from '../../core/task.js';
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

/**
 * The task of a project from its first data on, the first of these answers that tells one; null while none does. It is
 * kept, once, and what is kept is what counts. A project that had
 * answers before there were tasks is a classification, whatever comes now.
 */
export async function fixTask(db: Database, projectId: string, answers: readonly PostedAnswer[]): Promise<Task | null> {
  const [task] = answers.flatMap((answer) => taskOf(answer) ?? []);
  if (!task) return null;
  const [fixed] = await db.query<{ task: Task }>(
    `update project
     set settings = settings || jsonb_build_object('task', case
       when settings ->> 'task' is not null then settings ->> 'task'
       when exists (select 1 from prediction where project_id = $1 and label is not null) then 'classification' else $2 end)
     where id = $1 returning settings ->> 'task' as task`,
    [projectId, task],
  );
  return fixed!.task;
}
