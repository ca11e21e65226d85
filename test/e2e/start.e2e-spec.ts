import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aPrediction } from '../support/builders.js';
import { API_KEY, clientOf } from '../support/flywheel.js';
import { spawnFlywheel, startProcess } from '../support/process.js';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flywheel-start-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const processesOf = async (data: string) =>
  (await promisify(execFile)('ps', ['-eo', 'args='])).stdout.split('\n').filter((line) => line.includes(data));

/** What it says before it gives up, and how. */
async function refusal(env: Readonly<Record<string, string>>): Promise<{ code: number | string; lines: string[] }> {
  const { ended, output } = spawnFlywheel(env);
  const code = await ended;
  return { code, lines: output().trim().split('\n') };
}

describe('starting', () => {
  it('prints where it is and, the first time, the keys it made', async () => {
    const data = join(folder, 'first');
    const unset = { FLYWHEEL_API_KEY: '', FLYWHEEL_ADMIN_KEY: '' };
    const first = await startProcess(data, unset);
    await expect.poll(first.output).toMatch(/Project key {2}fw_[\w-]{43}\n {2}Admin key {4}fw_[\w-]{43}/);
    expect(first.output()).toContain(`Console   ${first.url}/`);
    const key = /Project key {2}(fw_\S+)/.exec(first.output())![1]!;
    await clientOf(first.url, key)
      .post('/v1/predictions', aPrediction({ id: 'kept' }))
      .expect(202);
    first.child.kill('SIGINT');
    expect(await first.ended).toBe(0);

    const second = await startProcess(data, unset);
    await expect.poll(second.output).toContain('is running');
    expect(second.output()).not.toContain(key);
    await clientOf(second.url, key).get('/v1/predictions/kept').expect(200);
    second.child.kill('SIGTERM');
    expect(await second.ended).toBe(0);
  });

  it('ends every process it started', async () => {
    const data = join(folder, 'children');
    const flywheel = await startProcess(data);
    expect((await processesOf(data)).some((line) => line.includes('postgres'))).toBe(true);
    flywheel.child.kill('SIGINT');
    await flywheel.ended;
    expect(await processesOf(data)).toEqual([]);
  });

  it('starts its database again when that is killed, and goes on', async () => {
    const data = join(folder, 'database');
    const flywheel = await startProcess(data);
    const client = clientOf(flywheel.url, API_KEY);
    await client.post('/v1/predictions', aPrediction({ id: 'before' })).expect(202);
    const { stdout } = await promisify(execFile)('ps', ['-eo', 'pid=,args=']);
    const server = stdout.split('\n').find((line) => line.includes(data) && line.includes('postgres'))!;
    process.kill(Number.parseInt(server, 10), 'SIGKILL');
    await expect.poll(async () => (await client.get('/v1/predictions/before')).status, { timeout: 20_000 }).toBe(200);
    await expect
      .poll(async () => (await client.post('/v1/predictions', aPrediction())).status, { timeout: 20_000 })
      .toBe(202);
    flywheel.child.kill('SIGTERM');
    expect(await flywheel.ended).toBe(0);
  });

  it('says in one line that its port is in use', async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
    });
    const { code, lines } = await refusal({ PORT: String(port), FLYWHEEL_DATA_DIR: join(folder, 'port') });
    server.close();
    expect({ code, lines }).toEqual({ code: 1, lines: [`Port ${port} is in use; set PORT to another one.`] });
  });

  it('says in one line that its data directory cannot be written', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    const { code, lines } = await refusal({ PORT: '0', FLYWHEEL_DATA_DIR: join(file, 'data') });
    expect(code).toBe(1);
    expect(lines).toEqual([expect.stringMatching(/^The data directory .* cannot be written: ENOTDIR/)]);
  });

  it('keeps a second Flywheel out of its data directory', async () => {
    const data = join(folder, 'twice');
    const first = await startProcess(data);
    const { code, lines } = await refusal({ PORT: '0', FLYWHEEL_DATA_DIR: data });
    expect({ code, lines }).toEqual({ code: 1, lines: [`Another Flywheel is running on the data directory ${data}.`] });
    first.child.kill('SIGTERM');
    await first.ended;
  });

  it('names every wrong setting at once, and no value', async () => {
    const { code, lines } = await refusal({ PORT: 'many', LOG_LEVEL: 'loud', ROLE: 'api,cook', S3_ENDPOINT: 'secret' });
    expect(code).toBe(1);
    expect(lines[0]).toBe('The configuration is wrong:');
    expect(lines.slice(1).map((line) => line.trim().split(':')[0])).toEqual(
      expect.arrayContaining(['PORT', 'LOG_LEVEL', 'ROLE', 'S3_ENDPOINT']),
    );
    expect(lines.join()).not.toContain('secret');
  });

  it('refuses a Node that is too old, before anything else', async () => {
    const script = `Object.defineProperty(process.versions, 'node', { value: '18.20.0' }); import('${process.cwd()}/scripts/start.mjs')`;
    const started = promisify(execFile)(process.execPath, ['-e', script]);
    const { code, stderr } = await started.then(
      () => ({ code: 0, stderr: '' }),
      (error: { code: number; stderr: string }) => error,
    );
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'Flywheel needs Node 20.19 or newer; this is 18.20.0.\n' });
  });
});
