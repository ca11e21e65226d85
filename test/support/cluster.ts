import { type ChildProcess, spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openDataDir } from '../../src/platform/embedded/data-dir.js';
import { EmbeddedPostgres } from '../../src/platform/embedded/postgres.js';
import { ADMIN_KEY, API_KEY } from './flywheel.js';
import { freePort } from '../../src/platform/embedded/free-port.js';

const S3_PROCESS = fileURLToPath(new URL('s3-process.mjs', import.meta.url));

/** A part of a deployment that can be killed and comes back as it was. */
export interface Part {
  readonly name: string;
  /** SIGKILL, and the same part again after a pause. */
  kill(pauseMs: number): Promise<void>;
}

/** Every role in a process of its own on a real Postgres, a Redis without AOF and an S3 server; all can be killed. */
export interface Cluster {
  readonly url: string;
  readonly databaseUrl: string;
  readonly objectStore: {
    endpoint: string;
    region: string;
    bucket: string;
    accessKeyId: string;
    secretAccessKey: string;
  };
  readonly parts: readonly Part[];
  /** Resolves when every part is up and the API says that it is ready. */
  ready(): Promise<void>;
  close(): Promise<void>;
}

export async function startCluster(folder: string): Promise<Cluster> {
  const postgres = await EmbeddedPostgres.start(await openDataDir(folder), () => undefined);
  const [apiPort, workerPort, redisPort, s3Port] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  const credentials = { accessKeyId: 'flywheel', secretAccessKey: 'a secret of the faults' };
  const objectStore = {
    endpoint: `http://127.0.0.1:${s3Port}`,
    region: 'us-east-1',
    bucket: 'flywheel',
    ...credentials,
  };
  const env = {
    LOG_LEVEL: process.env.FAULT_LOG_LEVEL ?? 'fatal',
    FLYWHEEL_API_KEY: API_KEY,
    FLYWHEEL_ADMIN_KEY: ADMIN_KEY,
    FLYWHEEL_DATA_DIR: join(folder, 'unused'),
    DATABASE_URL: postgres.url,
    REDIS_URL: `redis://127.0.0.1:${redisPort}`,
    S3_ENDPOINT: objectStore.endpoint,
    S3_ACCESS_KEY_ID: credentials.accessKeyId,
    S3_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  };
  const redis = new KilledProcess('redis', 'redis-server', [
    ...['--port', String(redisPort), '--bind', '127.0.0.1', '--dir', folder],
    ...['--save', '', '--appendonly', 'no', '--maxmemory-policy', 'noeviction'],
  ]);
  const s3 = new KilledProcess('s3', process.execPath, [S3_PROCESS, join(folder, 'objects'), String(s3Port)], {
    S3_SECRET: credentials.secretAccessKey,
  });
  const role = (name: string, roles: string, port: number) =>
    new KilledProcess(name, process.execPath, ['dist/main.js'], { ...env, ROLE: roles, PORT: String(port) });
  const [api, worker] = [role('api', 'api', apiPort), role('worker', 'worker,trainer', workerPort)];
  const url = `http://127.0.0.1:${apiPort}`;
  redis.start();
  s3.start();
  await sleep(500);
  api.start();
  worker.start();
  const ready = async () => {
    for (const address of [url, `http://127.0.0.1:${workerPort}`]) await isReady(address);
  };
  const close = async () => {
    for (const part of [api, worker, redis, s3]) await part.end();
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  };
  const postgresPart: Part = { name: 'postgres', kill: () => killPostgres(folder) };
  return { url, databaseUrl: postgres.url, objectStore, parts: [api, worker, redis, s3, postgresPart], ready, close };
}

/** Started again whenever it ends, until it is told to end for good; a process that cannot start yet tries again. */
class KilledProcess implements Part {
  private child: ChildProcess | undefined;
  private isOver = false;
  private pauseMs = 200;

  constructor(
    readonly name: string,
    private readonly program: string,
    private readonly args: readonly string[],
    private readonly env: Readonly<Record<string, string>> = {},
  ) {}

  start(): void {
    this.child = spawn(this.program, [...this.args], {
      env: { PATH: process.env.PATH, ...this.env },
      stdio: process.env.FAULT_LOG_LEVEL ? 'inherit' : 'ignore',
    });
    this.child.once('exit', () => void this.again());
  }

  async kill(pauseMs: number): Promise<void> {
    this.pauseMs = pauseMs;
    this.child?.kill('SIGKILL');
    await sleep(pauseMs);
  }

  async end(): Promise<void> {
    this.isOver = true;
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    const force = setTimeout(() => child.kill('SIGKILL'), 15_000);
    await ended;
    clearTimeout(force);
  }

  private async again(): Promise<void> {
    await sleep(this.pauseMs);
    if (!this.isOver) this.start();
  }
}

/** Its supervisor starts it again. */
async function killPostgres(folder: string): Promise<void> {
  const pid = await readFile(join(folder, 'postgres', 'postmaster.pid'), 'utf8').catch(() => '');
  if (pid) process.kill(Number(pid.split('\n')[0]), 'SIGKILL');
}

async function isReady(url: string): Promise<void> {
  for (const until = Date.now() + 120_000; ; await sleep(100)) {
    if (
      await fetch(`${url}/health/ready`).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      return;
    if (Date.now() > until) throw new Error(`${url} does not become ready`);
  }
}
