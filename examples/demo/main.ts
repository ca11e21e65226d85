import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Presets, SingleBar } from 'cli-progress';
import { ApiError, flywheelClient } from './client.js';
import { DeviceModel } from './device.js';
import { type Life, playLife, type Turn } from './life.js';
import { banking77Life } from './lives/banking77.js';
import { hint3Life, publishedTable } from './lives/hint3.js';
import { shopLife } from './lives/shop.js';
import { findOrStartService, type Service } from './service.js';
import { publishedTableText, turnTable } from './table.js';

const USAGE = `npm run demo                       a shop's life on messages that the project makes itself
npm run demo -- --data FOLDER      the same on real data: a folder of banking77 or of a HINT3 bot, or one above them
npm run demo -- --stay             keep the service running afterwards (so it is where a terminal is attached)`;

/** A life, and the folder of logged answers where there are some. */
interface Act {
  readonly life: Life;
  readonly log?: string;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { data: { type: 'string' }, stay: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) return say(USAGE);
  const acts = values.data === undefined ? [{ life: shopLife() }] : await actsOf(values.data);
  const service = await findOrStartService(process.env);
  for (const act of acts) await play(act, service);
  const stays = service.isOurs && (values.stay ?? process.stdout.isTTY);
  if (stays) return say('The service goes on; Ctrl-C ends it.');
  await service.stop();
  if (service.isOurs)
    say('The service that was started for the demo has ended; npm start brings it and its data back.');
}

/** The lives that a folder holds. */
async function actsOf(folder: string): Promise<Act[]> {
  if (existsSync(join(folder, 'traffic.csv'))) return [{ life: await hint3Life(folder), log: folder }];
  if (existsSync(join(folder, 'train.csv'))) return [{ life: await banking77Life(folder) }];
  const known = ['hint3', 'curekart', 'sofmattress', 'banking77'];
  const below = existsSync(folder) ? readdirSync(folder).filter((name) => known.includes(name)) : [];
  if (below.length === 0) throw new Error(`There is neither banking77 nor a HINT3 bot in ${folder}.`);
  return (await Promise.all(below.sort().map((name) => actsOf(join(folder, name))))).flat();
}

async function play({ life, log }: Act, service: Service): Promise<void> {
  const startedAt = Date.now();
  say(`\n${life.title}\n`);
  if (log !== undefined) {
    const { client } = await newProject(`${life.name}-log`, {}, service);
    say('What deployed models had answered, against what maintainers said (published tables, threshold .3):');
    say(`${publishedTableText(await publishedTable(log, client))}\n`);
  }
  const { client, key } = await newProject(life.name, life.settings, service);
  const turns: Turn[] = [];
  const show = progress(life.rounds.length + 1);
  await playLife(life, { client, device: new DeviceModel(service.url, key) }, (turn) => {
    turns.push(turn);
    show(turn);
  });
  say(`\n${turnTable(turns)}`);
  say(`\n${((Date.now() - startedAt) / 1000).toFixed(0)} s. The same as a page: ${service.url}/login.html#${key}`);
}

/** A project of its own for each life, so that none begins with another's labels. */
async function newProject(name: string, settings: object, { url, adminKey }: Service) {
  const operator = flywheelClient(url, adminKey);
  for (let n = 1; ; n += 1) {
    const id = n === 1 ? `demo-${name}` : `demo-${name}-${n}`;
    try {
      await operator.post('/v1/projects', { id, settings });
    } catch (error) {
      if (error instanceof ApiError && error.status === 409) continue;
      throw error;
    }
    const scopes = ['ingest', 'read', 'review', 'admin'];
    const { key } = await operator.post<{ key: string }>(`/v1/projects/${id}/keys`, { name: 'demo', scopes });
    return { client: flywheelClient(url, key), key };
  }
}

/** A bar where a terminal shows it, a line a turn elsewhere. */
function progress(turns: number): (turn: Turn) => void {
  if (!process.stderr.isTTY) return (turn) => say(turnTable([turn]).split('\n')[1]!);
  const bar = new SingleBar(
    { format: ' {bar} turn {value}/{total} | {words}', clearOnComplete: false },
    Presets.shades_classic,
  );
  bar.start(turns, 0, { words: 'the first model' });
  return ({ turn, labels, champion, freshAccuracy }) => {
    bar.update(turn + 1, {
      words: `${labels} labels, champion v${champion}, fresh traffic ${(100 * freshAccuracy).toFixed(1)} %`,
    });
    if (turn + 1 === turns) bar.stop();
  };
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

main().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
