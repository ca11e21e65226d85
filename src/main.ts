#!/usr/bin/env node
import { createServer } from 'node:net';
import { parseArgs } from 'node:util';
import { type Config, loadConfig } from './platform/config.js';
import { CODE_VERSION } from './platform/version.js';

const USAGE = `flywheel                            serves, with the roles of ROLE
flywheel doctor [--json] [--deep]   is everything where the books say it is? Exit code 0 or 1
flywheel rebuild                    makes a lost database again from the object store
flywheel export --project ID --out PATH [--format ndjson|csv|parquet|imagefolder] [--snapshot ID]
                                    writes a snapshot's samples, the latest one's when none is named
Results go to standard output, progress to standard error. Exit code 0: done, and nothing is amiss. 1: it is not.`;

/** Reads the configuration and does what the command line asks for: to serve, when it asks for nothing. */
async function main(): Promise<void> {
  // The SDK's word about its releases of 2027; ours is pinned.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  const { values, positionals } = parseArgs({
    options: OPTIONS,
    allowPositionals: true,
  });
  const [command = 'serve', ...rest] = positionals;
  if (values.help || rest.length > 0 || !(command in COMMANDS)) return giveUp(USAGE);
  await COMMANDS[command as keyof typeof COMMANDS](loadConfig(process.env), values);
}

const OPTIONS = {
  json: { type: 'boolean' },
  deep: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  project: { type: 'string' },
  snapshot: { type: 'string' },
  format: { type: 'string', default: 'ndjson' },
  out: { type: 'string' },
} as const;

type Options = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values'];

const COMMANDS = { serve, doctor: runDoctor, rebuild: runRebuild, export: runExport };

async function runDoctor(config: Config, { json, deep }: Options): Promise<void> {
  const { doctor } = await import('./commands.js');
  const diagnosis = await doctor({ ...config, LOG_LEVEL: 'fatal' }, deep ?? false);
  const lines = diagnosis.findings.map(({ name, ok, detail }) => `${ok ? 'ok ' : 'BAD'}  ${name.padEnd(8)}  ${detail}`);
  process.stdout.write(`${json ? JSON.stringify(diagnosis, null, 2) : lines.join('\n')}\n`);
  process.exit(diagnosis.healthy ? 0 : 1);
}

async function runRebuild(config: Config): Promise<void> {
  const { rebuild } = await import('./commands.js');
  const restored = await rebuild({ ...config, LOG_LEVEL: 'fatal' }, (line) => process.stderr.write(`${line}\n`));
  process.stdout.write(`${JSON.stringify(restored)}\n`);
  process.exit(0);
}

const FORMATS = ['ndjson', 'csv', 'parquet', 'imagefolder'] as const;

async function runExport(config: Config, { project, snapshot, format, out }: Options): Promise<void> {
  const known = FORMATS.find((name) => name === format);
  if (project === undefined || out === undefined || known === undefined) return giveUp(USAGE);
  const { exportSnapshot } = await import('./commands.js');
  const { SingleBar, Presets } = await import('cli-progress');
  const bar = new SingleBar({ stream: process.stderr, clearOnComplete: true }, Presets.shades_classic);
  const done = await exportSnapshot(
    { ...config, LOG_LEVEL: 'fatal' },
    { project, snapshot, format: known, out },
    (written, all) => {
      if (!bar.isActive) bar.start(all, 0);
      bar.update(written);
    },
  );
  bar.stop();
  process.stdout.write(`${JSON.stringify(done)}\n`);
  process.exit(0);
}

/** Starts the roles asked for, and ends in order. */
async function serve(config: Config): Promise<void> {
  await requireFreePort(config);
  const { startFlywheel } = await import('./flywheel.js');
  const flywheel = await startFlywheel(config, giveUp);
  let isEnding = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (isEnding) process.exit(1);
      isEnding = true;
      flywheel.close().then(() => process.exit(0), giveUp);
    });
  }
  say(flywheel);
}

/** Before anything is started: the commonest mistake is told at once. */
function requireFreePort({ PORT, HOST }: Config): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', ({ code, message }: NodeJS.ErrnoException) => {
      reject(new Error(code === 'EADDRINUSE' ? `Port ${PORT} is in use; set PORT to another one.` : message));
    });
    probe.listen(PORT, HOST, () => probe.close(() => resolve()));
  });
}

type Running = Awaited<ReturnType<typeof import('./flywheel.js').startFlywheel>>;

function say({ url, infrastructure }: Running): void {
  const { firstKeys, areKeysNew, folder, objectStore } = infrastructure;
  const lines = [
    `Flywheel ${CODE_VERSION} is running (Ctrl-C ends it)`,
    `  Console   ${url}/`,
    `  API       ${url}/v1   (try it at ${url}/docs)`,
    `  Queues    ${url}/queues`,
    `  Objects   ${objectStore.endpoint}/${objectStore.bucket}`,
  ];
  if (folder) lines.push(`  Data      ${folder}`);
  if (areKeysNew) {
    lines.push(
      '',
      `Keys, shown this once (kept in ${folder}, readable by you alone):`,
      `  Project key  ${firstKeys.apiKey}`,
      `  Admin key    ${firstKeys.adminKey}`,
      `  Log in       ${url}/login.html#${firstKeys.apiKey}`,
    );
  }
  process.stdout.write(`${lines.join('\n')}\n`);
}

function giveUp(reason: unknown): void {
  process.stderr.write(`${reason instanceof Error ? reason.message : String(reason)}\n`);
  process.exit(1);
}

process.on('unhandledRejection', (error) => {
  process.stderr.write(`${(error as Error)?.stack ?? String(error)}\n`);
  process.exit(1);
});
main().catch(giveUp);
