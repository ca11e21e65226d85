import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PackService } from '../../src/capture/pack.service.js';
import { FeedbackPackService } from '../../src/feedback/pack.service.js';
import { ADMIN_KEY, API_KEY, type TestFlywheel } from './flywheel.js';

const run = promisify(execFile);

const environment = (dataDir: string) => ({
  PATH: process.env.PATH,
  FLYWHEEL_DATA_DIR: dataDir,
  FLYWHEEL_API_KEY: API_KEY,
  FLYWHEEL_ADMIN_KEY: ADMIN_KEY,
});

/** Runs a command of the service over a folder of embedded parts. */
export const command = (dataDir: string, args: string[], env: Record<string, string> = {}) =>
  run(process.execPath, ['dist/main.js', ...args], { env: { ...environment(dataDir), ...env } }).then(
    ({ stdout }) => ({ code: 0, stdout }),
    ({ code, stdout }: { code: number; stdout: string }) => ({ code, stdout }),
  );

/** Runs a command until it tells of a first piece of work, and no further. */
export async function killedAtWork(dataDir: string, args: string[]): Promise<void> {
  const child = spawn(process.execPath, ['dist/main.js', ...args], {
    env: environment(dataDir),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  child.stderr.once('data', () => child.kill('SIGKILL'));
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
  if (signal !== 'SIGKILL') throw new Error(`${args.join(' ')} ended before it could be killed`);
}

interface Diagnosis {
  readonly healthy: boolean;
  readonly findings: readonly { name: string; ok: boolean; detail: string }[];
}

/** What the doctor finds in a folder of embedded parts. */
export async function diagnose(dataDir: string, ...args: string[]) {
  const { code, stdout } = await command(dataDir, ['doctor', '--json', ...args]);
  const { healthy, findings } = JSON.parse(stdout) as Diagnosis;
  const bad = findings.filter(({ ok }) => !ok);
  return { code, healthy, bad: bad.map(({ name, detail }) => `${name}: ${detail}`).join('\n') };
}

/** What is left of one that is closed when its Postgres is lost, in a folder of its own. */
export async function copyObjects(folder: string, lost: string): Promise<void> {
  await cp(join(folder, 'objects'), join(lost, 'objects'), { recursive: true });
  await cp(join(folder, 's3.secret'), join(lost, 's3.secret'));
}

/** Packs all that waits in these projects. */
export async function packAll({ app }: TestFlywheel, projects: readonly string[]): Promise<void> {
  const later = new Date(Date.now() + 31 * 86_400_000);
  for (const projectId of projects) {
    await app.get(PackService).packOpen(projectId, later);
    await app.get(FeedbackPackService).packOpen(projectId, later);
  }
}
