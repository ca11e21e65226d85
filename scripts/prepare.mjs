/*
 * Makes a fresh clone ready to run: packages, Prisma client, service, console. Each step is skipped when nothing it is
 * made from has changed since. Plain JavaScript without a package, because it runs before there are any.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const stamps = join(root, 'node_modules', '.flywheel');
const OLDEST_NODE = [20, 19];

/** Each step: what it is called, what it is made from, what it makes, and how. */
const STEPS = [
  {
    name: 'packages',
    from: ['package-lock.json', '.npmrc'],
    makes: 'node_modules/.package-lock.json',
    run: ['npm', 'ci', '--no-audit', '--no-fund', '--loglevel=error'],
  },
  {
    name: 'Prisma client',
    from: ['prisma/schema.prisma', 'package-lock.json'],
    makes: 'src/platform/database/generated/client.ts',
    run: ['npx', 'prisma', 'generate'],
  },
  {
    name: 'service',
    from: ['src', 'nest-cli.json', '.swcrc', 'package-lock.json'],
    makes: 'dist/main.js',
    run: ['npx', 'nest', 'build'],
  },
  {
    name: 'examples',
    from: ['examples', 'bench', 'src', '.swcrc', 'package-lock.json'],
    makes: 'dist-examples/examples/demo/main.js',
    run: ['npx', 'swc', 'examples', 'bench', 'src', '--out-dir', 'dist-examples', '--copy-files', '--quiet'],
  },
  {
    name: 'client',
    from: ['client', 'package-lock.json'],
    makes: 'dist-client/client.js',
    run: ['npx', 'tsc', '-p', 'client/tsconfig.json'],
  },
  {
    name: 'console',
    from: ['console', 'package-lock.json'],
    makes: 'dist-console/index.html',
    run: ['npx', 'vite', 'build', '--config', 'console/vite.config.ts', '--logLevel', 'warn'],
  },
];

/** Runs the steps that are due. Exits with one clear line where that is not possible. */
export function prepare() {
  requireNode();
  for (const step of STEPS) {
    const made = fingerprint(step.from);
    const stamp = join(stamps, step.name.replace(' ', '-'));
    if (existsSync(join(root, step.makes)) && existsSync(stamp) && readFileSync(stamp, 'utf8') === made) continue;
    runStep(step);
    mkdirSync(stamps, { recursive: true });
    writeFileSync(stamp, made);
  }
}

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return;
  giveUp(`Flywheel needs Node ${OLDEST_NODE.join('.')} or newer; this is ${process.versions.node}.`);
}

function runStep({ name, run: [program, ...args] }) {
  const startedAt = Date.now();
  process.stderr.write(`Preparing: ${name} ... `);
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd: root,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (status !== 0) giveUp(`failed\n${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}\nThe step "${name}" failed.`);
  process.stderr.write(`${((Date.now() - startedAt) / 1000).toFixed(1)} s\n`);
}

function giveUp(line) {
  process.stderr.write(`${line}\n`);
  process.exit(1);
}

/** One hash over all files that a step is made from. */
function fingerprint(paths) {
  const hash = createHash('sha256');
  const add = (path) => {
    const full = join(root, path);
    if (!existsSync(full)) return;
    const entries = readEntries(full);
    if (entries) entries.forEach((entry) => add(join(path, entry)));
    else hash.update(path).update('\0').update(readFileSync(full)).update('\0');
  };
  paths.forEach(add);
  return hash.digest('hex');
}

/** Names in a folder; undefined for a file. What is generated is not a source. */
function readEntries(path) {
  try {
    return readdirSync(path)
      .filter((name) => name !== 'generated')
      .sort();
  } catch (error) {
    if (error.code === 'ENOTDIR') return undefined;
    throw error;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) prepare();
