import { mkdir, open, readdir, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isFileError } from './errors.js';

/** Makes, removes and flushes folders. A name in a folder is only safe once the folder itself has been flushed. */
export class Folders {
  private readonly durable = new Set<string>();
  private readonly flushing = new Map<string, Promise<void>>();
  private readonly queued = new Map<string, Promise<void>>();

  /** The folder below `base` by these names, made durable once in the life of the process. `base` must exist. */
  async ensure(base: string, names: readonly string[]): Promise<string> {
    let path = base;
    for (const name of names) {
      const parent = path;
      path = join(parent, name);
      if (this.durable.has(path)) continue;
      await makeFolder(path);
      await this.flush(parent);
      this.durable.add(path);
    }
    return path;
  }

  /** To be called when somebody else has taken a folder away. */
  forget(path: string): void {
    this.durable.delete(path);
  }

  /** Removes a folder and those above it as long as they are empty, never `base`. Answers the first that stays. */
  async prune(base: string, folder: string): Promise<string> {
    let path = folder;
    while (path !== base && (await removeIfEmpty(path))) {
      this.durable.delete(path);
      path = dirname(path);
    }
    return path;
  }

  /** Removes folders without a file in them, with `path` itself. False when there is a file somewhere. */
  async removeEmptyTree(path: string): Promise<boolean> {
    for (const entry of await readdir(path, { withFileTypes: true })) {
      if (!entry.isDirectory() || !(await this.removeEmptyTree(join(path, entry.name)))) return false;
    }
    this.durable.delete(path);
    return removeIfEmpty(path);
  }

  /** One flush serves everybody who asked before it began: under load this saves most of them. */
  flush(folder: string): Promise<void> {
    const queued = this.queued.get(folder);
    if (queued) return queued;
    const before = this.flushing.get(folder) ?? Promise.resolve();
    const next = before.catch(() => undefined).then(() => this.begin(folder));
    this.queued.set(folder, next);
    return next;
  }

  private begin(folder: string): Promise<void> {
    this.queued.delete(folder);
    const flush = flushFolder(folder).finally(() => {
      if (this.flushing.get(folder) === flush) this.flushing.delete(folder);
    });
    this.flushing.set(folder, flush);
    return flush;
  }
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if (!isFileError(error, 'EEXIST')) throw error;
  }
}

async function removeIfEmpty(path: string): Promise<boolean> {
  try {
    await rmdir(path);
    return true;
  } catch (error) {
    if (isFileError(error, 'ENOENT')) return true;
    if (isFileError(error, 'ENOTEMPTY', 'EEXIST')) return false;
    throw error;
  }
}

/** A folder that is gone was empty: whoever removed it flushes the one above. */
async function flushFolder(path: string): Promise<void> {
  try {
    const folder = await open(path, 'r');
    await folder.sync().finally(() => folder.close());
  } catch (error) {
    if (!isFileError(error, 'ENOENT')) throw error;
  }
}
