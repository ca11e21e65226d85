import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cpuSeconds, residentBytes, type ServerProcess, startServer } from '../processes.js';
import { changeSettings, RESTS } from '../settings.js';
import { markdownTable, median } from '../table.js';
import { aKilobyte, batches, corrections, lines, singles } from './bodies.js';
import { DatabaseCounters, embeddedDatabaseUrl, loadStatementCounters } from './counters.js';
import { evenLoad } from './even-load.js';
import { growth } from './growth.js';
import { load, type Load, type Measured } from './load.js';

const KEY = 'fw_bench_key_of_the_default_project';
const ADMIN = `${KEY}_admin`;
const ITEMS_A_BATCH = 100;
const PREDICTIONS_TO_SPEAK_OF = 20_000;

/** What is measured in each round, in this order, so that noise meets all alike. */
type PhaseName =
  'bare' | 'least' | 'single' | 'batch' | 'ndjson' | 'feedback' | 'obvious' | 'half load' | 'even half load';

const TITLES: Readonly<Record<PhaseName, string>> = {
  bare: '(a) bare Nest + Fastify, validates and answers',
  least: '(g) the least that is durable: a row, many requests a commit',
  single: '(b) POST /v1/predictions, one',
  batch: `(c) batches of ${ITEMS_A_BATCH}`,
  ndjson: `(d) NDJSON, ${ITEMS_A_BATCH} lines`,
  feedback: '(e) POST /v1/feedback, one, joined',
  obvious: '(f) insert a row, then queue.add',
  'half load': '(b) at half of its rate, each second at once',
  'even half load': '(b) at half of its rate, evenly',
};

interface Sample extends Measured {
  readonly cpuMicrosAnItem: number;
  readonly statementsAThousand: number;
  readonly residentMiB: number;
}

interface Bench {
  readonly bare: ServerProcess;
  readonly least: ServerProcess;
  readonly obvious: ServerProcess;
  readonly flywheel: ServerProcess;
  readonly counters: DatabaseCounters;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '5' },
      rounds: { type: 'string', default: '3' },
      items: { type: 'string' },
      grow: { type: 'string' },
      json: { type: 'string' },
    },
  });
  const folder = await mkdtemp(join(tmpdir(), 'flywheel-bench-'));
  const bench = await open(folder);
  try {
    if (values.items !== undefined) return await flatMemory(bench, Number(values.items));
    if (values.grow !== undefined)
      return await growth(bench.flywheel, KEY, embeddedDatabaseUrl(folder), Number(values.grow));
    const samples = await measure(bench, Number(values.rounds), Number(values.seconds));
    const packs = await packsAThousand(bench);
    report(samples, packs);
    if (values.json) await writeFile(values.json, `${JSON.stringify({ samples, packs }, null, 2)}\n`);
  } finally {
    await bench.counters.close();
    await Promise.all([bench.bare.stop(), bench.least.stop(), bench.obvious.stop()]);
    await bench.flywheel.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** The service starts twice: Postgres counts statements only when it was told to before its start. */
async function open(folder: string): Promise<Bench> {
  const keys = { FLYWHEEL_API_KEY: KEY, FLYWHEEL_ADMIN_KEY: ADMIN };
  const start = () =>
    startServer('dist/main.js', { path: '/health/ready', env: { FLYWHEEL_DATA_DIR: folder, ...keys } });
  const first = await start();
  await loadStatementCounters(embeddedDatabaseUrl(folder));
  await first.stop();
  const flywheel = await start();
  await changeSettings(flywheel.url, ADMIN, { retrain: RESTS });
  const DATABASE_URL = embeddedDatabaseUrl(folder);
  const small = (name: string) =>
    startServer(`dist-examples/bench/capture/${name}-server.js`, { path: '/v1/predictions', env: { DATABASE_URL } });
  const [bare, least, obvious] = await Promise.all([small('bare'), small('least'), small('obvious')]);
  return { bare, least, obvious, flywheel, counters: await DatabaseCounters.open(DATABASE_URL) };
}

async function measure(bench: Bench, rounds: number, seconds: number): Promise<Map<PhaseName, Sample[]>> {
  const ids = await postPredictionsToSpeakOf(bench);
  const orders = ordersOf(bench, ids, seconds);
  const samples = new Map<PhaseName, Sample[]>();
  const take = async (name: PhaseName, order: Load | EvenLoad) => {
    process.stderr.write(`${name} `);
    samples.set(name, [...(samples.get(name) ?? []), await sample(bench, order)]);
  };
  for (const order of Object.values(orders)) await load({ ...order, seconds: 2 });
  await bench.counters.packed();
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, order] of Object.entries(orders)) await take(name as PhaseName, order);
    const rate = Math.floor(median(samples.get('single')!.map((one) => one.requestsASecond)) / 2);
    await take('half load', { ...orders.single, rate });
    await take('even half load', { ...orders.single, rate, isEven: true });
    process.stderr.write(`| round ${round + 1} of ${rounds}\n`);
  }
  return samples;
}

function ordersOf({ bare, least, obvious, flywheel }: Bench, ids: readonly string[], seconds: number) {
  const one = { path: '/v1/predictions', key: KEY, itemsARequest: 1, connections: 64, seconds };
  const many = { ...one, url: flywheel.url, itemsARequest: ITEMS_A_BATCH, connections: 16 };
  const bodies = singles(500);
  return {
    bare: { ...one, url: bare.url, bodies },
    least: { ...one, url: least.url, bodies },
    single: { ...one, url: flywheel.url, bodies },
    batch: { ...many, bodies: batches(40, ITEMS_A_BATCH) },
    ndjson: { ...many, bodies: lines(40, ITEMS_A_BATCH), contentType: 'application/x-ndjson' },
    feedback: { ...one, url: flywheel.url, path: '/v1/feedback', bodies: corrections(ids) },
    obvious: { ...one, url: obvious.url, bodies },
  } satisfies Partial<Record<PhaseName, Load>>;
}

async function postPredictionsToSpeakOf({ flywheel }: Bench): Promise<string[]> {
  const ids = Array.from({ length: PREDICTIONS_TO_SPEAK_OF }, (_, i) => `spoken-${i}`);
  for (let start = 0; start < ids.length; start += 1_000) {
    const items = ids.slice(start, start + 1_000).map((id) => aKilobyte({ id }));
    const answer = await fetch(`${flywheel.url}/v1/predictions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify({ items }),
    });
    if (answer.status !== 202) throw new Error(`seeding was answered ${answer.status}`);
  }
  return ids;
}

type EvenLoad = Load & { readonly rate: number; readonly isEven: true };

const isEven = (order: Load): order is EvenLoad => 'isEven' in order;

/** One phase with what it cost over all server processes, until all that it brought is packed: the next one begins quiet. */
async function sample({ bare, least, obvious, flywheel, counters }: Bench, order: Load): Promise<Sample> {
  const pids = [bare.pid, least.pid, obvious.pid, flywheel.pid];
  const before = { cpu: cpuSeconds(pids), statements: await counters.statements() };
  const measured = await (isEven(order) ? evenLoad(order) : load(order));
  await counters.packed();
  const cpu = cpuSeconds(pids) - before.cpu;
  const statements = (await counters.statements()) - before.statements;
  return {
    ...measured,
    cpuMicrosAnItem: (cpu * 1e6) / measured.items,
    statementsAThousand: (statements * 1e3) / measured.items,
    residentMiB: residentBytes(flywheel.pid) / 1024 / 1024,
  };
}

/** PUTs for a known number of items, once all that fills a pack has been packed. */
async function packsAThousand({ flywheel, counters }: Bench): Promise<number> {
  const headers = { authorization: `Bearer ${KEY}` };
  const ledger = (await (await fetch(`${flywheel.url}/v1/ledger`, { headers })).json()) as {
    predictions: { stored: number };
  };
  return ((await counters.packed()) * 1e3) / ledger.predictions.stored;
}

function report(samples: ReadonlyMap<PhaseName, readonly Sample[]>, packs: number): void {
  const bareRate = median(samples.get('bare')!.map((one) => one.requestsASecond));
  const rows = [...samples].map(([name, all]) => {
    const of = (key: keyof Sample) => median(all.map((one) => one[key]));
    return [
      TITLES[name],
      of('requestsASecond').toFixed(0),
      (of('requestsASecond') / bareRate).toFixed(2),
      of('itemsASecond').toFixed(0),
      of('p50Ms').toFixed(0),
      of('p99Ms').toFixed(0),
      of('cpuMicrosAnItem').toFixed(0),
      name === 'bare' ? '0' : of('statementsAThousand').toFixed(0),
      of('residentMiB').toFixed(0),
    ];
  });
  const head = ['', 'requests/s', 'of (a)', 'items/s', 'p50 ms', 'p99 ms', 'CPU µs/item', 'SQL/1,000', 'RSS MiB'];
  process.stdout.write(`${markdownTable(head, rows)}\n\n`);
  process.stdout.write(`S3 PUTs per 1,000 items: ${packs.toFixed(2)}\n`);
  process.stdout.write(`${cpus().length} x ${cpus()[0]!.model}, Node ${process.version}; medians of the rounds\n`);
}

/** Posts many items in batches and says what the service's memory does meanwhile. */
async function flatMemory({ flywheel }: Bench, items: number): Promise<void> {
  const parts = 10;
  const rows: string[][] = [];
  const bodies = batches(40, ITEMS_A_BATCH);
  let posted = 0;
  for (let part = 1; part <= parts; part += 1) {
    while (posted < (items * part) / parts) {
      const order = { url: flywheel.url, path: '/v1/predictions', key: KEY, bodies, connections: 16, seconds: 5 };
      posted += (await load({ ...order, itemsARequest: ITEMS_A_BATCH })).items;
    }
    rows.push([posted.toLocaleString('en'), (residentBytes(flywheel.pid) / 1024 / 1024).toFixed(0)]);
    process.stderr.write(`${rows.at(-1)!.join(' items, ')} MiB\n`);
  }
  process.stdout.write(`${markdownTable(['items', 'RSS MiB'], rows)}\n`);
}

await main();
