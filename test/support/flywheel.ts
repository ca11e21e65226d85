import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import request from 'supertest';
import { type Flywheel, startFlywheel } from '../../src/flywheel.js';
import { loadConfig } from '../../src/platform/config.js';

export const API_KEY = 'fw_test_key_of_the_default_project';
export const ADMIN_KEY = 'fw_test_key_of_the_operator';

/** A whole Flywheel on embedded parts in a folder of its own, and short words to speak with it. */
export interface TestFlywheel extends Flywheel {
  readonly folder: string;
  readonly as: (key: string) => Client;
}

export type Client = ReturnType<typeof clientOf>;

/** @param settings environment variables that differ from the defaults */
export async function startTestFlywheel(settings: Readonly<Record<string, string>> = {}): Promise<TestFlywheel> {
  const folder = settings.FLYWHEEL_DATA_DIR ?? (await mkdtemp(join(tmpdir(), 'flywheel-test-')));
  const config = loadConfig({
    PORT: '0',
    LOG_LEVEL: 'fatal',
    FLYWHEEL_API_KEY: API_KEY,
    FLYWHEEL_ADMIN_KEY: ADMIN_KEY,
    FLYWHEEL_DATA_DIR: folder,
    ...settings,
  });
  const flywheel = await startFlywheel(config, (reason) => {
    throw new Error(reason);
  });
  const close = async () => {
    await flywheel.close();
    if (!settings.FLYWHEEL_DATA_DIR) await rm(folder, { recursive: true, force: true });
  };
  return { ...flywheel, close, folder, as: (key) => clientOf(flywheel.url, key) };
}

/** Requests with a key, through HTTP. */
export function clientOf(url: string, key: string) {
  const bearer = `Bearer ${key}`;
  return {
    get: (path: string) => request(url).get(path).set('authorization', bearer),
    post: (path: string, body: object = {}) => request(url).post(path).set('authorization', bearer).send(body),
    patch: (path: string, body: object) => request(url).patch(path).set('authorization', bearer).send(body),
    delete: (path: string) => request(url).delete(path).set('authorization', bearer),
  };
}

/** A new project, as whoever holds its key. */
export async function newProject(flywheel: TestFlywheel, id: string, settings: object = {}): Promise<Client> {
  return (await newOwner(flywheel, id, settings)).owner;
}

/** A new project, and a key of all scopes to log in with. */
export async function newOwner(
  { as }: TestFlywheel,
  id: string,
  settings: object = {},
): Promise<{ owner: Client; key: string }> {
  const operator = as(ADMIN_KEY);
  await operator.post('/v1/projects', { id, settings }).expect(201);
  const scopes = ['ingest', 'read', 'review', 'admin'];
  const { body } = await operator.post(`/v1/projects/${id}/keys`, { name: 'test', scopes }).expect(201);
  const { key } = body as { key: string };
  return { owner: as(key), key };
}

export const RUN_ENDED = ['succeeded', 'failed', 'cancelled', 'refused'];

export interface Run {
  readonly id: string;
  readonly status: string;
  readonly progress: number;
  readonly modelVersion: number | null;
  readonly error: string | null;
  readonly decision: { promoted: boolean; reason: string; challenger: { accuracy: number } } | null;
}

/** Waits for the end of a run. */
export async function endOfRun(client: Client, id: string, seconds = 60): Promise<Run> {
  const until = Date.now() + seconds * 1000;
  for (;;) {
    const run = (await client.get(`/v1/runs/${id}`).expect(200)).body as Run;
    if (RUN_ENDED.includes(run.status)) return run;
    if (Date.now() > until) throw new Error(`run ${id} is still ${run.status} (${run.progress}) after ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Asks for a run and waits for its end. */
export async function runNow(client: Client): Promise<Run> {
  const { body } = await client.post('/v1/runs').expect(202);
  return endOfRun(client, (body as { id: string }).id);
}
