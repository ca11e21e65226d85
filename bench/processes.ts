import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../src/platform/embedded/free-port.js';

const TICKS_A_SECOND = 100;
const PAGE_BYTES = 4096;
const START_MS = 90_000;

/** A server in a process of its own, so that its cost is told apart from the cost of asking it. */
export interface ServerProcess {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/**
 * Starts a program below the project's root and waits until `path` answers.
 *
 * @throws Error when it ends, or does not answer in time
 */
export async function startServer(
  program: string,
  { path, env }: { path: string; env: Readonly<Record<string, string>> },
): Promise<ServerProcess> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(process.execPath, [fileURLToPath(new URL(`../../${program}`, import.meta.url))], {
    env: { PATH: process.env.PATH, LOG_LEVEL: 'fatal', PORT: String(port), ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  for (const until = Date.now() + START_MS; !(await answers(url + path)); await sleep(50)) {
    if (child.exitCode !== null || Date.now() > until) throw new Error(`${program} did not start`);
  }
  return { url, pid: child.pid!, stop: () => stop(child) };
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}

const answers = (url: string): Promise<boolean> =>
  fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );

/** CPU seconds that processes and all below them have used so far. Linux only: read from /proc. */
export function cpuSeconds(pids: readonly number[]): number {
  const processes = allProcesses();
  const tree = new Set(pids);
  // Parents come before their children only by chance, so it goes round until nothing is added.
  for (let size = -1; size !== tree.size;) {
    size = tree.size;
    for (const { pid, parent } of processes) if (tree.has(parent)) tree.add(pid);
  }
  const ticks = processes.filter(({ pid }) => tree.has(pid)).reduce((sum, { cpuTicks }) => sum + cpuTicks, 0);
  return ticks / TICKS_A_SECOND;
}

/** Memory that a process holds, in bytes. */
export const residentBytes = (pid: number): number =>
  Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * PAGE_BYTES;

interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  /** Of the process and of its children that have ended. */
  readonly cpuTicks: number;
}

function allProcesses(): ProcessRow[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const row = readProcess(Number(name));
      return row ? [row] : [];
    });
}

/** undefined for a process that has ended meanwhile. */
function readProcess(pid: number): ProcessRow | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const cpuTicks = [11, 12, 13, 14].reduce((sum, i) => sum + Number(fields[i]), 0);
    return { pid, parent: Number(fields[1]), cpuTicks };
  } catch {
    return undefined;
  }
}
