import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aLongMessage, labelledTraffic } from '../support/builders.js';
import { API_KEY, type Client, clientOf, endOfRun } from '../support/flywheel.js';
import { type FlywheelProcess, startProcess } from '../support/process.js';

let folder: string;
let flywheel: FlywheelProcess;
let client: Client;
let runId: string;
const ITEMS = 8_000;

async function start(): Promise<void> {
  flywheel = await startProcess(folder);
  client = clientOf(flywheel.url, API_KEY);
}

/** Processes whose command line speaks of our folder, or that our process forked. */
async function relatives(pid: number): Promise<string[]> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'pid=,ppid=,args=']);
  return stdout.split('\n').filter((line) => line.includes(folder) || Number(line.trim().split(/\s+/)[1]) === pid);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flywheel-restart-'));
  await start();
});
afterAll(async () => {
  flywheel.child.kill('SIGTERM');
  await flywheel.ended;
  await rm(folder, { recursive: true, force: true });
});

describe('a Flywheel that is killed', () => {
  it('is in the middle of a run when SIGKILL comes', async () => {
    for (let from = 0; from < ITEMS; from += 1_000) {
      const { predictions, feedback } = labelledTraffic(from, 1_000, aLongMessage);
      await client.post('/v1/predictions', { items: predictions }).expect(202);
      await client.post('/v1/feedback', { items: feedback }).expect(202);
    }
    runId = ((await client.post('/v1/runs').expect(202)).body as { id: string }).id;
    const note = async () => ((await client.get(`/v1/runs/${runId}`)).body as { note: string | null }).note;
    await expect.poll(note, { timeout: 30_000, interval: 20 }).toMatch(/^(judging|epoch)/);
    const { pid } = flywheel.child;
    flywheel.child.kill('SIGKILL');
    expect(await flywheel.ended).toBe('SIGKILL');
    // The training child ends with its parent; the database goes on until the next start takes it over.
    await expect
      .poll(async () => (await relatives(pid!)).filter((line) => line.includes('training-child')), { timeout: 10_000 })
      .toEqual([]);
  });

  it('finds everything when it starts again', async () => {
    await start();
    const { body: ledger } = await client.get('/v1/ledger').expect(200);
    expect(ledger).toMatchObject({
      balanced: true,
      predictions: { stored: ITEMS },
      feedback: { stored: ITEMS, parked: 0 },
    });
    const { body } = await client.get(`/v1/predictions/m${ITEMS - 1}`).expect(200);
    expect(body).toMatchObject({ id: `m${ITEMS - 1}`, label: { status: 'resolved' } });
  });

  it('finishes the run that was cut off, and the loop goes on to a champion', async () => {
    const run = await endOfRun(client, runId, 120);
    expect(run).toMatchObject({ status: 'succeeded', attempt: 2, decision: { promoted: true } });
    const { body } = await client.get('/v1/models').expect(200);
    expect((body as { items: object[] }).items).toMatchObject([{ version: 1, status: 'champion' }]);
  });
});
