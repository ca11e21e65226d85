import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve as absolute } from 'node:path';

/** The folder of everything that must survive. */
export interface DataDir {
  readonly path: string;
  /** A secret that is made once and kept. */
  secret(name: string, make: () => string): Promise<string>;
  /**
   * Keeps a second Flywheel out, as two servers over the same files would destroy them. The claim is a socket, so it
   * ends with the process however that ends. Resolves with the function that ends it.
   */
  claim(): Promise<() => Promise<void>>;
}

/** Makes the folder where there is none, and proves that it can be written. */
export async function openDataDir(folder: string): Promise<DataDir> {
  const path = absolute(folder);
  const probe = join(path, '.writable');
  try {
    await makeFolder(path);
    await writeFile(probe, '');
    await rm(probe);
  } catch (error) {
    throw new Error(`The data directory ${path} cannot be written: ${(error as Error).message}`);
  }
  const real = await realpath(path);
  return { path: real, secret: (name, make) => keptSecret(join(real, name), make), claim: () => claim(real) };
}

/** The data directory belongs to a Flywheel that runs. */
export class ClaimedError extends Error {}

async function claim(real: string): Promise<() => Promise<void>> {
  const held = await claimSocket(socketPath(real));
  if (!held) throw new ClaimedError(`Another Flywheel is running on the data directory ${real}.`);
  return () => new Promise((released) => held.close(() => released()));
}

/** Step by step: Node's own recursive mkdir never returns for a folder below /proc. */
async function makeFolder(path: string): Promise<void> {
  const parent = dirname(path);
  if (parent !== path && !existsSync(parent)) await makeFolder(parent);
  await mkdir(path, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}

/** In the temporary folder, because the path of a socket may have 107 bytes at the most. */
function socketPath(real: string): string {
  const name = createHash('sha256').update(real).digest('hex').slice(0, 16);
  return join(tmpdir(), `flywheel-${process.getuid?.() ?? 0}-${name}.sock`);
}

async function claimSocket(path: string): Promise<Server | undefined> {
  const first = await listen(path);
  if (first || (await isAnswered(path))) return first;
  await rm(path, { force: true });
  return listen(path);
}

function listen(path: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy()).unref();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen(path, () => resolve(server));
  });
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('close', () => socket.destroy());
  });
}

async function keptSecret(file: string, make: () => string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const secret = make();
    await writeFile(file, `${secret}\n`, { mode: 0o600 });
    return secret;
  }
}
