import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** A running Flywheel and the operator's key to it. */
export interface Service {
  readonly url: string;
  readonly adminKey: string;
  /** Ends the service if the demo started it. */
  stop(): Promise<void>;
  readonly isOurs: boolean;
}

const MAIN = fileURLToPath(new URL('../../../dist/main.js', import.meta.url));
const START_MS = 60_000;

/** The service that runs on PORT, or one started for the demo. */
export async function findOrStartService(env: Readonly<Record<string, string | undefined>>): Promise<Service> {
  const url = env.FLYWHEEL_URL ?? `http://127.0.0.1:${env.PORT ?? '3000'}`;
  const folder = resolve(env.FLYWHEEL_DATA_DIR ?? './data');
  const key = () => env.FLYWHEEL_ADMIN_KEY ?? readFile(join(folder, 'admin.key'), 'utf8').then((text) => text.trim());
  if (await isUp(url)) return { url, adminKey: await key(), isOurs: false, stop: () => Promise.resolve() };
  const stop = await start(url, env);
  return { url, adminKey: await key(), isOurs: true, stop };
}

async function start(url: string, env: Readonly<Record<string, string | undefined>>): Promise<() => Promise<void>> {
  const child = spawn(process.execPath, [MAIN], {
    env: { LOG_LEVEL: 'warn', ...env } as NodeJS.ProcessEnv,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = new Promise<void>((done) => child.once('exit', () => done()));
  process.once('exit', () => child.kill('SIGTERM'));
  for (const until = Date.now() + START_MS; !(await isUp(url)); await sleep(100)) {
    if (child.exitCode !== null) throw new Error('The service did not start; its reason is above.');
    if (Date.now() > until) throw new Error(`The service does not answer at ${url}.`);
  }
  return async () => {
    child.kill('SIGTERM');
    await ended;
  };
}

async function isUp(url: string): Promise<boolean> {
  return fetch(`${url}/health/ready`).then(
    ({ ok }) => ok,
    () => false,
  );
}
