import { execFileSync } from 'node:child_process';
import { open, rm } from 'node:fs/promises';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { startCluster } from '../support/cluster.js';
import { audit, FAULT_SEED, FaultTraffic, IS_LONG, KEPT } from '../support/fault-traffic.js';

const CLIENTS = 8;
const FULL_MS = IS_LONG ? 20_000 : 5_000;
const CHUNK = Buffer.alloc(64 * 1024, 1);

/** Postgres alone when it is short. Postgres begins with some 100 MiB of log and catalogue; the others with nothing. */
const PLACES = [
  { place: 'postgres', megabytes: 400 },
  { place: 'objects', megabytes: 24 },
  { place: 'redis', megabytes: 24 },
] as const;

/** Takes what is left, to the last byte. */
async function fill(path: string): Promise<void> {
  const file = await open(path, 'a');
  try {
    for (;;) await file.write(CHUNK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  } finally {
    await file.close();
  }
}

const CHOSEN = PLACES.filter(({ place }) => IS_LONG || place === 'postgres');

describe('a full disk', () => {
  it.each(CHOSEN)(
    'of $place loses nothing, and needs nobody when there is space again',
    { timeout: 400_000 },
    async ({ place, megabytes }) => {
      const disk = mkdtempSync(join(tmpdir(), 'flywheel-disk-'));
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0711`, 'tmpfs', disk]);
      const redisArgs = place === 'redis' ? ['--appendonly', 'yes', '--appendfsync', 'always'] : undefined;
      const cluster = await startCluster({ folders: { [place]: disk }, ...(redisArgs && { redisArgs }) });
      try {
        await cluster.ready();
        const traffic = new FaultTraffic([cluster.url]);
        traffic.start(CLIENTS, FAULT_SEED, 20);
        await sleep(1_500);
        const before = traffic.predictions.size;
        const filler = join(disk, 'filler');
        for (const until = Date.now() + FULL_MS; Date.now() < until; await sleep(200)) await fill(filler);
        const during = traffic.predictions.size - before;
        await rm(filler);
        await cluster.ready();
        await sleep(2_000);
        await traffic.stop();
        console.log(
          `disk full (${place}): ${during} predictions acknowledged while it was, ${traffic.predictions.size} in all`,
        );
        expect(await audit(cluster, traffic)).toEqual(KEPT);
      } finally {
        await cluster.close();
        execFileSync('umount', ['-l', disk]);
        await rm(disk, { recursive: true, force: true });
      }
    },
  );
});
