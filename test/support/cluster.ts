import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openDataDir } from '../../src/platform/embedded/data-dir.js';
import { freePort } from '../../src/platform/embedded/free-port.js';
import { EmbeddedPostgres } from '../../src/platform/embedded/postgres.js';
import type { ObjectStoreConfig } from '../../src/platform/object-store/object-store.js';
import { ADMIN_KEY, API_KEY } from './flywheel.js';
import { TcpProxy } from './tcp-proxy.js';

const S3_PROCESS = fileURLToPath(new URL('s3-process.mjs', import.meta.url));
const SECRET = 'a secret of the faults';

/** A part of a deployment that can be killed, paused and ended, and comes back as it was. */
export interface Part {
  readonly name: string;
  /** SIGKILL, and the same part again after a pause. */
  kill(pauseMs: number): Promise<void>;
  /** SIGSTOP. */
  freeze(): Promise<void>;
  /** SIGCONT. */
  thaw(): Promise<void>;
  /** SIGTERM; resolves when it has ended, with the milliseconds that took. It is started again after a pause. */
  restart(): Promise<number>;
}

export interface ClusterOptions {
  /** Name and roles of each Flywheel process. */
  readonly roles?: Readonly<Record<string, string>>;
  /** Whether each process reaches Postgres, Redis and S3 by links of its own that can fail. */
  readonly hasLinks?: boolean;
  /** Where the queue lives. */
  readonly queue?: 'redis' | 'postgres';
  /** Folders that lie elsewhere, to be filled up for example. */
  readonly folders?: { readonly postgres?: string; readonly objects?: string; readonly redis?: string };
  readonly redisArgs?: readonly string[];
  /** Arguments of Node before the program. */
  readonly nodeArgs?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Every role in a process of its own on a real Postgres, a Redis without AOF and an S3 server; all can be killed. */
export interface Cluster {
  /** Address of the first process that has the role api. */
  readonly url: string;
  /** Address of each process by its name. */
  readonly urls: Readonly<Record<string, string>>;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly objectStore: ObjectStoreConfig;
  readonly parts: readonly Part[];
  part(name: string): Part;
  /** `api.postgres`, `worker.s3` ...: only with `hasLinks`. */
  readonly links: Readonly<Record<string, TcpProxy>>;
  /** Environment of a Flywheel command over the same parts. */
  readonly env: Readonly<Record<string, string>>;
  /** Resolves when every part is up and every process says that it is ready. */
  ready(): Promise<void>;
  close(): Promise<void>;
}

export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const { roles = { api: 'api', worker: 'worker,trainer' }, folders = {}, queue = 'redis' } = options;
  const folder = folders.postgres ?? (await mkdtemp(join(tmpdir(), 'flywheel-faults-')));
  const postgres = await EmbeddedPostgres.start(await openDataDir(folder), () => undefined);
  const [redisPort, s3Port] = await Promise.all([freePort(), freePort()]);
  const [redis, s3] = sidecars({ folder, redisPort, s3Port }, options);
  const places = { postgres: Number(new URL(postgres.url).port), redis: redisPort, s3: s3Port };
  const environmentOf = (ports: Ports) => environment(postgres.url, ports, { folder, queue, env: options.env });
  const env = environmentOf(places);
  const links: Record<string, TcpProxy> = {};
  const urls: Record<string, string> = {};
  const processes: KilledProcess[] = [];
  for (const [name, role] of Object.entries(roles)) {
    const ports = options.hasLinks ? await linked(name, places, links) : places;
    const port = await freePort();
    urls[name] = `http://127.0.0.1:${port}`;
    const own = { ...environmentOf(ports), ROLE: role, PORT: String(port) };
    processes.push(new KilledProcess(name, process.execPath, [...(options.nodeArgs ?? []), 'dist/main.js'], own));
  }
  redis.start();
  s3.start();
  await sleep(500);
  for (const process of processes) process.start();
  const parts = [...processes, redis, s3, new PostgresPart(folder)];
  const close = async () => {
    for (const process of [...processes, redis, s3]) await process.end();
    for (const link of Object.values(links)) await link.close();
    await postgres.stop();
    if (!folders.postgres) await rm(folder, { recursive: true, force: true });
  };
  const ready = async () => {
    for (const address of Object.values(urls)) await isReady(address);
  };
  return {
    url: urls[Object.keys(roles).find((name) => /all|api/.test(roles[name]!))!]!,
    urls,
    databaseUrl: postgres.url,
    redisUrl: `redis://127.0.0.1:${redisPort}`,
    objectStore: storeAt(s3Port),
    parts,
    part: (name) => parts.find((part) => part.name === name)!,
    links,
    env,
    ready,
    close,
  };
}

interface Ports {
  readonly postgres: number;
  readonly redis: number;
  readonly s3: number;
}

const storeAt = (port: number): ObjectStoreConfig => ({
  endpoint: `http://127.0.0.1:${port}`,
  region: 'us-east-1',
  bucket: 'flywheel',
  accessKeyId: 'flywheel',
  secretAccessKey: SECRET,
});

function environment(
  databaseUrl: string,
  { postgres, redis, s3 }: Ports,
  { folder, queue, env }: { folder: string; queue: 'redis' | 'postgres'; env: ClusterOptions['env'] },
): Record<string, string> {
  const database = new URL(databaseUrl);
  database.port = String(postgres);
  return {
    LOG_LEVEL: process.env.FAULT_LOG_LEVEL ?? 'fatal',
    FLYWHEEL_API_KEY: API_KEY,
    FLYWHEEL_ADMIN_KEY: ADMIN_KEY,
    FLYWHEEL_DATA_DIR: join(folder, 'unused'),
    DATABASE_URL: database.toString(),
    ...(queue === 'redis' && { REDIS_URL: `redis://127.0.0.1:${redis}` }),
    S3_ENDPOINT: storeAt(s3).endpoint,
    S3_ACCESS_KEY_ID: 'flywheel',
    S3_SECRET_ACCESS_KEY: SECRET,
    ...env,
  };
}

function sidecars(
  { folder, redisPort, s3Port }: { folder: string; redisPort: number; s3Port: number },
  { folders = {}, redisArgs = ['--save', '', '--appendonly', 'no'] }: ClusterOptions,
): readonly [KilledProcess, KilledProcess] {
  const redis = new KilledProcess('redis', 'redis-server', [
    ...['--port', String(redisPort), '--bind', '127.0.0.1', '--dir', folders.redis ?? folder],
    ...['--maxmemory-policy', 'noeviction', ...redisArgs],
  ]);
  const objects = folders.objects ?? join(folder, 'objects');
  const s3 = new KilledProcess('s3', process.execPath, [S3_PROCESS, objects, String(s3Port)], { S3_SECRET: SECRET });
  return [redis, s3];
}

async function linked(name: string, places: Ports, links: Record<string, TcpProxy>): Promise<Ports> {
  const ports: Record<string, number> = {};
  for (const [part, port] of Object.entries(places)) {
    const link = await TcpProxy.to({ host: '127.0.0.1', port: port as number });
    links[`${name}.${part}`] = link;
    ports[part] = link.port;
  }
  return ports as unknown as Ports;
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
      env: { PATH: process.env.PATH, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true', ...this.env },
      stdio: process.env.FAULT_LOG_LEVEL ? 'inherit' : 'ignore',
    });
    this.child.once('exit', () => void this.again());
  }

  async kill(pauseMs: number): Promise<void> {
    this.pauseMs = pauseMs;
    this.child?.kill('SIGKILL');
    await sleep(pauseMs);
  }

  async freeze(): Promise<void> {
    this.child?.kill('SIGSTOP');
  }

  async thaw(): Promise<void> {
    this.child?.kill('SIGCONT');
  }

  async restart(): Promise<number> {
    this.pauseMs = 0;
    const began = Date.now();
    const ended = new Promise((resolve) => this.child?.once('exit', resolve));
    this.child?.kill('SIGTERM');
    await ended;
    return Date.now() - began;
  }

  async end(): Promise<void> {
    this.isOver = true;
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGCONT');
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

/** All of its processes are one group; its supervisor starts it again. */
class PostgresPart implements Part {
  readonly name = 'postgres';

  constructor(private readonly folder: string) {}

  async kill(): Promise<void> {
    const pid = await this.pid();
    if (pid) process.kill(pid, 'SIGKILL');
  }

  async freeze(): Promise<void> {
    const pid = await this.pid();
    if (pid) process.kill(-pid, 'SIGSTOP');
  }

  async thaw(): Promise<void> {
    const pid = await this.pid();
    if (pid) process.kill(-pid, 'SIGCONT');
  }

  async restart(): Promise<number> {
    const pid = await this.pid();
    if (pid) process.kill(pid, 'SIGINT');
    return 0;
  }

  private async pid(): Promise<number> {
    const text = await readFile(join(this.folder, 'postgres', 'postmaster.pid'), 'utf8').catch(() => '');
    return Number(text.split('\n')[0]);
  }
}

async function isReady(url: string): Promise<void> {
  for (const until = Date.now() + 120_000; ; await sleep(100)) {
    const isUp = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(5_000) }).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isUp) return;
    if (Date.now() > until) throw new Error(`${url} does not become ready`);
  }
}
