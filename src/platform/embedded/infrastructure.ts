import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { newApiKey } from '../../core/ids.js';
import type { Config } from '../config.js';
import type { ObjectStoreConfig } from '../object-store/object-store.js';
import { ClaimedError, type DataDir, openDataDir } from './data-dir.js';
import { EmbeddedPostgres } from './postgres.js';
import { startS3Server } from './s3/server.js';

/** What the program needs and the configuration may leave out. */
export interface Infrastructure {
  readonly databaseUrl: string;
  readonly objectStore: ObjectStoreConfig;
  readonly firstKeys: { readonly apiKey: string; readonly adminKey: string };
  /** Whether the keys were made now: then they are to be shown, this once. */
  readonly areKeysNew: boolean;
  /** Where the embedded parts keep their data; null without any. */
  readonly folder: string | null;
  close(): Promise<void>;
}

/** Starts the parts that the configuration names no server for. `onLost` hears when one ends for good. */
export async function openInfrastructure(config: Config, onLost: (reason: string) => void): Promise<Infrastructure> {
  const opened: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const end of opened.reverse()) await end();
  };
  try {
    const folder = needsFolder(config) ? await openDataDir(config.FLYWHEEL_DATA_DIR) : null;
    const claimed = hasEmbeddedParts(config) ? folder : null;
    if (claimed) opened.push(await claimed.claim());
    const areKeysNew = folder !== null && (await areKeysMissing(config, folder));
    const firstKeys = await keysOf(config, folder);
    const objectStore = await objectStoreOf(config, folder, opened);
    const databaseUrl = config.DATABASE_URL ?? (await postgresUrl(folder!, onLost, opened));
    if (claimed) opened.push(await announce(claimed, { databaseUrl, objectStore }));
    return { databaseUrl, objectStore, firstKeys, areKeysNew, folder: folder?.path ?? null, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The parts of the Flywheel that runs on the same data directory, or, when none does, parts of its own. */
export async function joinInfrastructure(config: Config, onLost: (reason: string) => void): Promise<Infrastructure> {
  try {
    return await openInfrastructure(config, onLost);
  } catch (error) {
    if (!(error instanceof ClaimedError)) throw error;
    const folder = await openDataDir(config.FLYWHEEL_DATA_DIR);
    const places = JSON.parse(await readFile(join(folder.path, PLACES), 'utf8')) as Places;
    const firstKeys = await keysOf(config, folder);
    return { ...places, firstKeys, areKeysNew: false, folder: folder.path, close: () => Promise.resolve() };
  }
}

/** Where the embedded parts are to be found by a command that runs beside the service. */
const PLACES = 'places.json';
type Places = Pick<Infrastructure, 'databaseUrl' | 'objectStore'>;

async function announce({ path }: DataDir, places: Places): Promise<() => Promise<void>> {
  const file = join(path, PLACES);
  await writeFile(file, JSON.stringify(places), { mode: 0o600 });
  return () => rm(file, { force: true });
}

const hasEmbeddedParts = (config: Config): boolean => !config.DATABASE_URL || !config.S3_ENDPOINT;

const needsFolder = (config: Config): boolean =>
  hasEmbeddedParts(config) || !config.FLYWHEEL_API_KEY || !config.FLYWHEEL_ADMIN_KEY;

const areKeysMissing = async (config: Config, { path }: DataDir): Promise<boolean> =>
  (!config.FLYWHEEL_API_KEY && !existsSync(join(path, 'api.key'))) ||
  (!config.FLYWHEEL_ADMIN_KEY && !existsSync(join(path, 'admin.key')));

async function keysOf(config: Config, folder: DataDir | null) {
  const apiKey = config.FLYWHEEL_API_KEY ?? (await folder!.secret('api.key', newApiKey));
  const adminKey = config.FLYWHEEL_ADMIN_KEY ?? (await folder!.secret('admin.key', newApiKey));
  return { apiKey, adminKey };
}

async function objectStoreOf(
  config: Config,
  folder: DataDir | null,
  opened: (() => Promise<void>)[],
): Promise<ObjectStoreConfig> {
  const place = { region: config.S3_REGION, bucket: config.S3_BUCKET, publicEndpoint: config.S3_PUBLIC_ENDPOINT };
  if (config.S3_ENDPOINT) {
    const [accessKeyId, secretAccessKey] = [config.S3_ACCESS_KEY_ID!, config.S3_SECRET_ACCESS_KEY!];
    return { endpoint: config.S3_ENDPOINT, ...place, accessKeyId, secretAccessKey };
  }
  const credentials = { accessKeyId: 'flywheel', secretAccessKey: await folder!.secret('s3.secret', newApiKey) };
  const server = await startS3Server({
    root: join(folder!.path, 'objects'),
    credentials,
    origins: config.CORS_ORIGINS,
  });
  opened.push(() => server.close());
  return { endpoint: server.endpoint, ...place, ...credentials };
}

async function postgresUrl(
  folder: DataDir,
  onLost: (reason: string) => void,
  opened: (() => Promise<void>)[],
): Promise<string> {
  const server = await EmbeddedPostgres.start(folder, onLost);
  opened.push(() => server.stop());
  return server.url;
}
