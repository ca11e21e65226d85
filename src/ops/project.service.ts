import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { LoopError } from '../core/errors.js';
import { completeSettings, mergeSettings, type SettingsPatch } from '../core/settings.js';
import type { Task } from '../core/task.js';
import { ObjectStore } from '../platform/object-store/object-store.js';
import { RowCopies } from '../platform/object-store/row-copies.js';
import { invalid } from '../platform/validation.js';
import { KeyService } from './key.service.js';
import type { NewKeyOrder, NewProject, ProjectPatch } from './project.schema.js';
import { type ProjectRow, ProjectStore } from './project.store.js';

export const DEFAULT_PROJECT = 'default';

/** The projects of this service, their settings and their keys. */
@Injectable()
export class ProjectService {
  private readonly copies: RowCopies<Pick<ProjectRow, 'id' | 'name' | 'settings'>>;

  constructor(
    private readonly store: ProjectStore,
    private readonly keys: KeyService,
    objects: ObjectStore,
  ) {
    this.copies = new RowCopies(objects, 'projects/', ({ id }) => id);
  }

  /** The project and the keys that are there from the start. */
  async ensureDefault(firstKeys: { apiKey: string; adminKey: string }): Promise<void> {
    await this.store.insertOnce(DEFAULT_PROJECT, 'Default', {});
    await this.keys.keepFirstKeys(DEFAULT_PROJECT, firstKeys);
    for (const project of await this.store.list()) await this.keepCopy(project);
  }

  /** Makes the projects again whose copies are in the object store and which the database does not know. */
  async restoreAll(): Promise<void> {
    await this.copies.restoreAll(({ id, name, settings }) => this.store.insertOnce(id, name, settings));
  }

  /** A project that has data and no copy: it has the default settings. */
  async ensure(id: string): Promise<void> {
    await this.store.insertOnce(id, id, {});
  }

  async create({ id, name, settings = {} }: z.infer<typeof NewProject>, actor: string) {
    const isNew = await this.store.insertOnce(id, name ?? id, settings as SettingsPatch);
    if (!isNew) throw new LoopError('conflict', `There is a project ${id} already.`);
    await this.store.audit({ projectId: id, actor, action: 'project.create', facts: { name, settings } });
    await this.keepCopy(await this.find(id));
    return this.read(id);
  }

  async list() {
    return { items: (await this.store.list()).map(shown), nextCursor: null };
  }

  async read(id: string) {
    return shown(await this.find(id));
  }

  /** A lower holdout share is refused: it would release samples into training that were never to be trained on. */
  async change(id: string, patch: z.infer<typeof ProjectPatch>, actor: string) {
    const project = await this.find(id);
    const settings = mergeSettings(project.settings, (patch.settings ?? {}) as SettingsPatch);
    const before = completeSettings(project.settings).holdoutPercent;
    if (completeSettings(settings).holdoutPercent < before) {
      throw invalid([{ pointer: '/settings/holdoutPercent', detail: `can only be raised; it is ${before}` }]);
    }
    await this.requireTask(project, completeSettings(settings).task);
    await this.store.update(id, patch.name ?? project.name, settings);
    await this.store.audit({ projectId: id, actor, action: 'project.change', facts: patch });
    await this.keepCopy(await this.find(id));
    return this.read(id);
  }

  /** Labels and values cannot be made of each other: with the first answer the task is what it is. */
  private async requireTask({ id, settings }: ProjectRow, wanted: Task | null): Promise<void> {
    const { task } = completeSettings(settings);
    if (wanted === task || !(await this.store.hasAnswers(id))) return;
    // Answers of before there were tasks are labels.
    const fixed = task ?? 'classification';
    if (wanted === fixed) return;
    const detail = `cannot be changed once there are answers; it is ${fixed}`;
    throw invalid([{ pointer: '/settings/task', detail }]);
  }

  async createKey(id: string, order: z.infer<typeof NewKeyOrder>, actor: string) {
    await this.find(id);
    const key = await this.keys.create(id, order);
    await this.store.audit({ projectId: id, actor, action: 'key.create', facts: { keyId: key.id, ...order } });
    return key;
  }

  async listKeys(id: string) {
    await this.find(id);
    return this.keys.list(id);
  }

  async revokeKey(id: string, keyId: string, actor: string): Promise<void> {
    await this.find(id);
    await this.keys.revoke(id, keyId);
    await this.store.audit({ projectId: id, actor, action: 'key.revoke', facts: { keyId } });
  }

  /** For `rebuild`: a copy that failed is made at the next change or start. */
  private keepCopy({ id, name, settings }: ProjectRow): Promise<void> {
    return this.copies.keep({ id, name, settings });
  }

  private async find(id: string): Promise<ProjectRow> {
    const project = await this.store.find(id);
    if (!project) throw new LoopError('not-found', `There is no project ${id}.`);
    return project;
  }
}

/** A project as the API shows it: with every setting, chosen or default. */
function shown({ settings, ...project }: ProjectRow) {
  return { ...project, settings: completeSettings(settings) };
}
