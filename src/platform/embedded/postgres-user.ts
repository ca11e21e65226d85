import { execFile } from 'node:child_process';
import { access, chown, constants, lstat, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** How a PostgreSQL program is started: it refuses to run as root. */
export interface PostgresUser {
  /** The command line for a program and its arguments. */
  command(program: string, args: readonly string[]): [string, string[]];
  /** Options of `spawn`; empty where we are nobody special. */
  readonly spawn: { readonly uid?: number; readonly gid?: number };
  /** Gives a file or a whole folder to the user. */
  own(path: string): Promise<void>;
}

/** Any number that is not 0, seen only inside the namespace. */
const ORDINARY = '65534';
const NAMESPACE = ['--user', `--map-user=${ORDINARY}`, `--map-group=${ORDINARY}`];

/**
 * Who runs PostgreSQL. An ordinary user does it as himself. Root does it in a user namespace, where the same user has
 * another number: all files stay root's and a folder like /root can be used. Where namespaces are not allowed
 * (containers), root becomes `nobody`, who must be able to enter the folders.
 */
export async function postgresUser(folders: readonly string[]): Promise<PostgresUser> {
  const plain = (program: string, args: readonly string[]): [string, string[]] => [program, [...args]];
  if (process.getuid?.() !== 0) return { command: plain, spawn: {}, own: () => Promise.resolve() };
  if (await namespacesWork()) {
    const command = (program: string, args: readonly string[]): [string, string[]] => [
      'unshare',
      [...NAMESPACE, program, ...args],
    ];
    return { command, spawn: {}, own: (path) => ownTree(path, 0, 0) };
  }
  const { uid, gid } = await nobody();
  for (const folder of folders) await requireEntrance(folder);
  return { command: plain, spawn: { uid, gid }, own: (path) => ownTree(path, uid, gid) };
}

async function namespacesWork(): Promise<boolean> {
  try {
    await run('unshare', [...NAMESPACE, 'true']);
    return true;
  } catch {
    return false;
  }
}

async function nobody(): Promise<{ uid: number; gid: number }> {
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map(async (flag) => Number((await run('id', [flag, 'nobody'])).stdout)),
  );
  return { uid: uid!, gid: gid! };
}

/** The folder and all above it must let everybody through. */
async function requireEntrance(folder: string): Promise<void> {
  await access(folder, constants.X_OK);
  for (let at = folder; at !== dirname(at); at = dirname(at)) {
    if (((await lstat(dirname(at))).mode & 0o001) !== 0) continue;
    throw new Error(
      `PostgreSQL does not run as root, and the user nobody cannot enter ${dirname(at)}: run as an ordinary user, ` +
        'or choose a FLYWHEEL_DATA_DIR elsewhere.',
    );
  }
}

/** A folder that has the right owner has it throughout. */
async function ownTree(path: string, uid: number, gid: number): Promise<void> {
  const entry = await lstat(path);
  if (entry.uid === uid) return;
  if (entry.isDirectory()) for (const name of await readdir(path)) await ownTree(join(path, name), uid, gid);
  await chown(path, uid, gid);
}
