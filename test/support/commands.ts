import { execFile } from 'node:child_process';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PackService } from '../../src/capture/pack.service.js';
import { FeedbackPackService } from '../../src/feedback/pack.service.js';
import { ADMIN_KEY, API_KEY, type TestFlywheel } from './flywheel.js';

const run = promisify(execFile);

/** Runs a command of the service over a folder of embedded parts. */
export const command = (dataDir: string, args: string[], env: Record<string, string> = {}) => {
  const keys = { FLYWHEEL_API_KEY: API_KEY, FLYWHEEL_ADMIN_KEY: ADMIN_KEY };
  return run(process.execPath, ['dist/main.js', ...args], {
    env: { PATH: process.env.PATH, FLYWHEEL_DATA_DIR: dataDir, ...keys, ...env },
  }).then(
    ({ stdout }) => ({ code: 0, stdout }),
    ({ code, stdout }: { code: number; stdout: string }) => ({ code, stdout }),
  );
};

/** What `rebuild` makes in the folder `lost` of the objects alone of another, which is closed. */
export async function rebuildFrom(folder: string, lost: string) {
  await cp(join(folder, 'objects'), join(lost, 'objects'), { recursive: true });
  await cp(join(folder, 's3.secret'), join(lost, 's3.secret'));
  return command(lost, ['rebuild']);
}

/** Packs all that waits in these projects. */
export async function packAll({ app }: TestFlywheel, projects: readonly string[]): Promise<void> {
  const later = new Date(Date.now() + 31 * 86_400_000);
  for (const projectId of projects) {
    await app.get(PackService).packOpen(projectId, later);
    await app.get(FeedbackPackService).packOpen(projectId, later);
  }
}
