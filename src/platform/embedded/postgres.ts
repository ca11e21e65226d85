import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, openSync } from 'node:fs';
import { mkdir, readFile, readlink, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import type { DataDir } from './data-dir.js';
import { freePort } from './free-port.js';
import { postgresPrograms } from './postgres-files.js';
import { type PostgresUser, postgresUser } from './postgres-user.js';

const run = promisify(execFile);
const DATABASE = 'flywheel';
const READY_MS = 60_000;
/** Time for a fast shutdown before an immediate one; both leave the data whole. */
const STOP_MS = 15_000;
/** A server that ends again and again is given up after so long: a full disk may be emptied meanwhile. */
const GIVE_UP_MS = 600_000;
const LONGEST_PAUSE_MS = 2_000;

/** PostgreSQL over the data directory, from the programs that came with npm. */
export class EmbeddedPostgres {
  readonly url: string;
  private child: ChildProcess | undefined;
  private isStopping = false;
  private restarts = 0;
  /** Since when it has not answered; unset while it does. */
  private downSince: number | undefined;

  private constructor(
    private readonly folder: string,
    private readonly programs: string,
    private readonly user: PostgresUser,
    private readonly address: { readonly port: number; readonly password: string },
    private readonly onLost: (reason: string) => void,
  ) {
    this.url = this.urlOf(DATABASE);
  }

  /**
   * Starts the server, making its files the first time; resolves when it takes connections. A server that outlived its
   * Flywheel is stopped first. One that ends by itself is started again; `onLost` is told when that is of no use.
   */
  static async start(dataDir: DataDir, onLost: (reason: string) => void): Promise<EmbeddedPostgres> {
    const programs = await postgresPrograms();
    const user = await postgresUser([programs, dataDir.path]);
    const folder = join(dataDir.path, 'postgres');
    const password = await dataDir.secret('postgres.password', () => crypto.randomUUID());
    if (!existsSync(folder)) await makeCluster({ dataDir, folder, programs, user });
    await user.own(folder);
    await stopOrphan(folder);
    const address = { port: await freePort(), password };
    const server = new EmbeddedPostgres(folder, programs, user, address, onLost);
    // A process that gives up takes its database along.
    process.once('exit', () => server.child?.kill('SIGINT'));
    server.launch();
    await server.ready();
    return server;
  }

  /** Ends the server and waits for it: a fast shutdown, then an immediate one. */
  async stop(): Promise<void> {
    this.isStopping = true;
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGINT');
    const force = setTimeout(() => child.kill('SIGQUIT'), STOP_MS);
    await ended;
    clearTimeout(force);
  }

  private launch(): void {
    const options = [
      'listen_addresses=127.0.0.1',
      `port=${this.address.port}`,
      'unix_socket_directories=',
      'max_connections=200',
    ];
    const args = ['-D', this.folder, ...options.flatMap((option) => ['-c', option])];
    const log = openSync(`${this.folder}.log`, 'w', 0o600);
    // A process group of its own, so that Ctrl-C reaches us first and the database last.
    this.child = spawn(...this.user.command(join(this.programs, 'postgres'), args), {
      ...this.user.spawn,
      detached: true,
      stdio: ['ignore', log, log],
    });
    this.child.once('error', (error) => this.onLost(error.message));
    this.child.once('exit', () => void this.restart());
  }

  private async restart(): Promise<void> {
    if (this.isStopping) return;
    this.downSince ??= Date.now();
    this.restarts += 1;
    if (this.isGivenUp()) {
      this.onLost(`PostgreSQL ended ${this.restarts} times; its log is ${this.folder}.log`);
      return;
    }
    await sleep(Math.min(200 * this.restarts, LONGEST_PAUSE_MS));
    if (this.isStopping) return;
    this.launch();
    await this.ready().then(
      () => {
        this.restarts = 0;
        this.downSince = undefined;
      },
      () => undefined,
    );
  }

  private isGivenUp(): boolean {
    return this.downSince !== undefined && Date.now() - this.downSince > GIVE_UP_MS;
  }

  /** Resolves when the database is there and answers. */
  private async ready(): Promise<void> {
    const until = Date.now() + READY_MS;
    for (;;) {
      try {
        return await this.ensureDatabase();
      } catch (error) {
        if (this.isStopping || Date.now() > until || this.isGivenUp()) {
          throw new Error(`PostgreSQL did not start (${(error as Error).message}); its log is ${this.folder}.log`);
        }
      }
      await sleep(50);
    }
  }

  private async ensureDatabase(): Promise<void> {
    const client = new pg.Client({ connectionString: this.urlOf('postgres') });
    client.on('error', () => undefined);
    await client.connect();
    try {
      const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [DATABASE]);
      if (rowCount === 0) await client.query(`create database ${DATABASE}`);
    } finally {
      await client.end();
    }
  }

  private urlOf(database: string): string {
    const { port, password } = this.address;
    return `postgresql://flywheel:${password}@127.0.0.1:${port}/${database}`;
  }
}

interface Cluster {
  readonly dataDir: DataDir;
  readonly folder: string;
  readonly programs: string;
  readonly user: PostgresUser;
}

/** Made beside and moved into place, so that a half-made cluster is never taken for a whole one. */
async function makeCluster({ dataDir, folder, programs, user }: Cluster): Promise<void> {
  const draft = `${folder}.draft`;
  const passwordFile = `${draft}.password`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { mode: 0o700 });
  await writeFile(passwordFile, await dataDir.secret('postgres.password', () => crypto.randomUUID()), { mode: 0o600 });
  await Promise.all([user.own(draft), user.own(passwordFile)]);
  const args = [
    '-D',
    draft,
    '-U',
    DATABASE,
    '-A',
    'scram-sha-256',
    '--pwfile',
    passwordFile,
    '-E',
    'UTF8',
    '--locale',
    'C',
  ];
  await run(...user.command(join(programs, 'initdb'), [...args, '--no-instructions']), user.spawn);
  await rm(passwordFile);
  await rename(draft, folder);
}

/** A server whose Flywheel was killed goes on by itself. It is recognised by its folder: process ids are used again. */
async function stopOrphan(folder: string): Promise<void> {
  const pid = Number((await readFile(join(folder, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')[0]);
  const until = Date.now() + 2 * STOP_MS;
  for (let tries = 0; pid > 0 && (await isServerOf(folder, pid)); tries += 1) {
    if (Date.now() > until) throw new Error(`A PostgreSQL of an earlier run does not end: process ${pid}.`);
    if (tries === 0) process.kill(pid, 'SIGINT');
    if (tries === STOP_MS / 50) process.kill(pid, 'SIGQUIT');
    await sleep(50);
  }
}

async function isServerOf(folder: string, pid: number): Promise<boolean> {
  try {
    if (process.platform === 'linux') return (await readlink(`/proc/${pid}/cwd`)) === folder;
    return (await run('ps', ['-o', 'args=', '-p', String(pid)])).stdout.includes(`-D ${folder}`);
  } catch {
    return false;
  }
}
