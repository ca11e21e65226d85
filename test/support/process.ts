import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ADMIN_KEY, API_KEY } from './flywheel.js';
import { freePort } from '../../src/platform/embedded/free-port.js';

/** A Flywheel in a process of its own, as `npm start` runs it. */
export interface FlywheelProcess {
  readonly url: string;
  readonly child: ChildProcess;
  /** All it has printed so far. */
  readonly output: () => string;
  /** Resolves with the exit code, or the name of the signal. */
  readonly ended: Promise<number | string>;
}

/** Starts `dist/main.js`; resolves when it is ready. */
export async function startProcess(
  folder: string,
  env: Readonly<Record<string, string>> = {},
): Promise<FlywheelProcess> {
  const port = await freePort();
  const started = spawnFlywheel({ PORT: String(port), FLYWHEEL_DATA_DIR: folder, ...env });
  const url = `http://127.0.0.1:${port}`;
  for (const until = Date.now() + 60_000; !(await isReady(url)); await sleep(50)) {
    if (started.child.exitCode !== null || Date.now() > until) throw new Error(`it did not start: ${started.output()}`);
  }
  return { ...started, url };
}

/** Starts `dist/main.js` without waiting. */
export function spawnFlywheel(env: Readonly<Record<string, string>>): Omit<FlywheelProcess, 'url'> {
  const keys = { FLYWHEEL_API_KEY: API_KEY, FLYWHEEL_ADMIN_KEY: ADMIN_KEY };
  const child = spawn(process.execPath, ['dist/main.js'], {
    env: { PATH: process.env.PATH, LOG_LEVEL: 'fatal', ...keys, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const add = (text: string) => (output += text);
  child.stdout.setEncoding('utf8').on('data', add);
  child.stderr.setEncoding('utf8').on('data', add);
  const ended = new Promise<number | string>((resolve) =>
    child.once('exit', (code, signal) => resolve(code ?? signal!)),
  );
  return { child, output: () => output, ended };
}

const isReady = (url: string): Promise<boolean> =>
  fetch(`${url}/health/ready`).then(
    ({ ok }) => ok,
    () => false,
  );

/** Ids of the processes that this one has started and that have not ended, the youngest last. */
export const ownChildren = (): string => readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim();
