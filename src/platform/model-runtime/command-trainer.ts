import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createInterface } from 'node:readline';
import type { SnapshotSample } from '../../core/manifest.js';
import { TrainingCancelled, TrainingFailed, TrainingRefused } from './errors.js';
import { exportedSamples, foreignModel, progressIn, requireSize, toldOf } from './foreign-output.js';
import type { TrainedModel, TrainingOptions } from './types.js';

/* A run that is executed by somebody else's program on this machine; docs/trainers.md is its contract. */

/** Exit code that says: these samples cannot be trained on, do not try again. */
export const REFUSED = 3;
const KEPT_OF_STDERR = 2_000;
/** Of util-linux: asks the kernel to end the program with this process, even when this one is killed outright. */
const SETPRIV = '/usr/bin/setpriv';

/** Rejects as the trainer does: `TrainingRefused`, `TrainingCancelled` or `TrainingFailed`. */
export async function trainByCommand(
  samples: readonly SnapshotSample[],
  command: string,
  options: TrainingOptions,
): Promise<TrainedModel> {
  const startedAt = performance.now();
  const folder = await mkdtemp(join(tmpdir(), 'flywheel-run-'));
  try {
    const [snapshot, output] = [join(folder, 'snapshot.ndjson'), join(folder, 'model')];
    await mkdir(output);
    await writeFile(snapshot, exportedSamples(samples, options.settings.task));
    await run(command, { folder, snapshot, output, options });
    const left = await filesIn(output);
    return await foreignModel(left, { samples, backend: 'command', options, startedAt });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Places {
  readonly folder: string;
  readonly snapshot: string;
  readonly output: string;
  readonly options: TrainingOptions;
}

/** Runs the command to its end. It ends with this process, and a second after a cancellation at the latest. */
function run(command: string, { folder, snapshot, output, options }: Places): Promise<void> {
  const { signal, onProgress } = options;
  const shell = ['/bin/sh', '-c', `exec ${command}`] as const;
  const [program, ...args] = existsSync(SETPRIV) ? [SETPRIV, '--pdeathsig', 'KILL', ...shell] : shell;
  const child = spawn(program!, args, {
    cwd: folder,
    env: {
      PATH: '/usr/local/bin:/usr/bin:/bin',
      FLYWHEEL_SNAPSHOT_URI: pathToFileURL(snapshot).href,
      FLYWHEEL_MODEL_URI: `${pathToFileURL(output).href}/`,
      ...toldOf(options),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const kill = (): void => void child.kill('SIGKILL');
  const cancel = (): void => {
    child.kill('SIGTERM');
    setTimeout(kill, 500).unref();
  };
  process.once('exit', kill);
  signal.addEventListener('abort', cancel, { once: true });
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = progressIn(text);
    if (line) onProgress(line.progress, line.note);
  });
  let complaint = '';
  child.stderr
    .setEncoding('utf8')
    .on('data', (text: string) => (complaint = (complaint + text).slice(-KEPT_OF_STDERR)));
  return new Promise<void>((resolve, reject) => {
    child.once('error', (error) => reject(new TrainingFailed(`the command did not start: ${error.message}`)));
    child.once('close', (code, killed) => {
      process.off('exit', kill);
      signal.removeEventListener('abort', cancel);
      const reason = complaint.trim() || `the command ended by ${killed ?? `exit code ${code}`}`;
      if (signal.aborted) reject(new TrainingCancelled());
      else if (code === 0) resolve();
      else reject(code === REFUSED ? new TrainingRefused(reason) : new TrainingFailed(reason));
    });
  });
}

async function filesIn(folder: string): Promise<Map<string, Buffer>> {
  const entries = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isFile());
  const sizes = await Promise.all(entries.map(({ name }) => stat(join(folder, name))));
  requireSize(sizes.reduce((sum, { size }) => sum + size, 0));
  return new Map(
    await Promise.all(entries.map(async ({ name }) => [name, await readFile(join(folder, name))] as const)),
  );
}
