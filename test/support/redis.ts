import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { freePort } from '../../src/platform/embedded/free-port.js';

export interface TestRedis {
  readonly url: string;
  close(): Promise<void>;
}

/** A Redis of our own, with AOF and noeviction as the README asks for. */
export async function startRedis(): Promise<TestRedis> {
  const [port, folder] = await Promise.all([freePort(), mkdtemp(join(tmpdir(), 'flywheel-redis-'))]);
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder];
  const server = spawn('redis-server', [...args, '--appendonly', 'yes', '--maxmemory-policy', 'noeviction'], {
    stdio: 'ignore',
  });
  const failed = new Promise<never>((_, reject) => {
    server.once('error', () =>
      reject(new Error('redis-server is missing: install it (Debian: apt-get install redis-server).')),
    );
  });
  const url = `redis://127.0.0.1:${port}`;
  await Promise.race([isUp(url), failed]);
  const close = async () => {
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGTERM');
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  return { url, close };
}

async function isUp(url: string): Promise<void> {
  for (;;) {
    const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
    client.on('error', () => undefined);
    const answer = await client.connect().then(
      () => client.ping(),
      () => undefined,
    );
    client.disconnect();
    if (answer === 'PONG') return;
    await sleep(50);
  }
}
