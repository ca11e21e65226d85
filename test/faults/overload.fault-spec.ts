import { setTimeout as sleep } from 'node:timers/promises';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/core/limits.js';
import { aPrediction } from '../support/builders.js';
import { IS_LONG } from '../support/fault-traffic.js';
import { ADMIN_KEY, API_KEY, clientOf } from '../support/flywheel.js';
import { type FlywheelProcess, startProcess } from '../support/process.js';

const SECONDS = IS_LONG ? 60 : 4;
/** Far more than the waiting items of a project allow at once, each in batches of a hundred. */
const CONNECTIONS = 600;

let folder: string;
let flywheel: FlywheelProcess;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flywheel-overload-'));
  flywheel = await startProcess(folder);
});
afterAll(async () => {
  flywheel.child.kill('SIGTERM');
  await flywheel.ended;
  await rm(folder, { recursive: true, force: true });
});

const residentMiB = (): number => {
  const status = readFileSync(`/proc/${flywheel.child.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1024;
};

interface Tally {
  sent: number;
  accepted: number;
  refused: number;
  other: string[];
}

const agent = new Agent({ keepAlive: true, maxSockets: Infinity });

const body = JSON.stringify({ items: Array.from({ length: 100 }, () => ({ ...aPrediction(), id: undefined })) });

/** One batch of a hundred; what became of it. */
function post(tally: Tally): Promise<void> {
  const headers = {
    authorization: `Bearer ${API_KEY}`,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  };
  tally.sent += 1;
  return new Promise((resolve) => {
    const { hostname, port } = new URL(flywheel.url);
    const call = request({ hostname, port, path: '/v1/predictions', method: 'POST', headers, agent }, (response) => {
      response.resume();
      response.on('end', () => {
        if (response.statusCode === 202) tally.accepted += 1;
        else if ([429, 503].includes(response.statusCode!) && response.headers['retry-after']) tally.refused += 1;
        else tally.other.push(String(response.statusCode));
        resolve();
      });
    });
    call.on('error', (error) => {
      tally.other.push(error.message);
      resolve();
    });
    call.end(body);
  });
}

/** So many connections for a while, each sending when its turn has come, or as soon as it is answered. */
async function load(
  connections: number,
  seconds: number,
  perSecond = Infinity,
): Promise<Tally & { perSecond: number }> {
  const tally: Tally = { sent: 0, accepted: 0, refused: 0, other: [] };
  const until = Date.now() + seconds * 1_000;
  const everyMs = (connections / perSecond) * 1_000;
  const lives = Array.from({ length: connections }, async (_, n) => {
    for (let turn = Date.now() + (n / connections) * everyMs; turn < until; turn += everyMs) {
      await sleep(Math.max(0, turn - Date.now()));
      if (Date.now() < until) await post(tally);
      turn = Math.max(turn, Date.now() - everyMs);
    }
  });
  await Promise.all(lives);
  return { ...tally, perSecond: tally.accepted / seconds };
}

describe('three times what it can take', () => {
  it(
    'is refused with Retry-After, what is accepted is there, memory stays bounded, and it recovers',
    { timeout: SECONDS * 4_000 + 120_000 },
    async () => {
      const calm = await load(8, SECONDS / 2);
      const before = residentMiB();
      const flood = await load(CONNECTIONS, SECONDS, 3 * calm.perSecond);
      const peak = residentMiB();
      await sleep(1_000);
      const after = await load(8, SECONDS / 2);
      console.log(
        `overload: ${calm.perSecond.toFixed(0)} batches/s calm, ${flood.perSecond.toFixed(0)} accepted under three times as many, ` +
          `(${flood.accepted} accepted, ${flood.refused} refused of ${flood.sent}), ${after.perSecond.toFixed(0)} after; RSS ${before.toFixed(0)} -> ${peak.toFixed(0)} MiB`,
      );
      for (const tally of [calm, flood, after]) {
        expect(tally.other).toEqual([]);
        expect(tally.accepted + tally.refused).toBe(tally.sent);
      }
      expect([calm.refused, after.refused]).toEqual([0, 0]);
      expect(peak).toBeLessThan(1_200);
      const response = await fetch(`${flywheel.url}/v1/ledger`, { headers: { authorization: `Bearer ${API_KEY}` } });
      const ledger = (await response.json()) as { balanced: boolean; predictions: { stored: number } };
      const accepted = calm.accepted + flood.accepted + after.accepted;
      expect(ledger).toMatchObject({ balanced: true, predictions: { stored: accepted * 100 } });
    },
  );
});

/** Small things, one after the other, and how long each took. */
async function quietLife(key: string, isOver: () => boolean): Promise<{ times: number[]; refused: number }> {
  const times: number[] = [];
  let refused = 0;
  while (!isOver()) {
    const began = Date.now();
    const { status } = await fetch(`${flywheel.url}/v1/predictions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify(aPrediction()),
    });
    if (status !== 202) refused += 1;
    times.push(Date.now() - began);
    await sleep(50);
  }
  return { times: times.sort((a, b) => a - b), refused };
}

describe('a project that floods', () => {
  it(
    'is refused by itself: a quiet one is never refused, and never waits in its queue',
    { timeout: SECONDS * 3_000 + 60_000 },
    async () => {
      const operator = clientOf(flywheel.url, ADMIN_KEY);
      await operator.post('/v1/projects', { id: 'quiet' }).expect(201);
      const { body: made } = await operator
        .post('/v1/projects/quiet/keys', { name: 'test', scopes: ['ingest'] })
        .expect(201);
      let isOver = false;
      const quiet = quietLife((made as { key: string }).key, () => isOver);
      const flood = await load(CONNECTIONS, SECONDS);
      isOver = true;
      const { times, refused } = await quiet;
      const at = (share: number) => times[Math.floor(times.length * share)];
      console.log(
        `fairness: beside ${flood.accepted} batches accepted and ${flood.refused} refused, a quiet project waited ${at(0.5)} ms (p50), ${at(0.99)} ms (p99)`,
      );
      expect(flood.refused).toBeGreaterThan(0);
      expect(refused).toBe(0);
      expect(times.length).toBeGreaterThan(10);
    },
  );
});

describe('bodies that are too large together', () => {
  /** Announces a body of eight megabytes and sends none of it; resolves with what is answered within a second, if anything. */
  function announce(sockets: Socket[]): Promise<string> {
    const { hostname, port } = new URL(flywheel.url);
    return new Promise((resolve) => {
      const socket = connect(Number(port), hostname, () =>
        socket.write(
          `POST /v1/predictions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${API_KEY}\r\n` +
            `content-type: application/json\r\ncontent-length: ${LIMITS.bodyBytes}\r\n\r\n`,
        ),
      );
      sockets.push(socket);
      socket.setEncoding('latin1').once('data', resolve);
      socket.on('error', () => undefined);
      setTimeout(() => resolve(''), 1_000);
    });
  }

  it('are refused before they are read, and taken again when the others have gone', async () => {
    const sockets: Socket[] = [];
    const fit = LIMITS.bodyBytesOfAll / LIMITS.bodyBytes;
    const answers = await Promise.all(Array.from({ length: fit + 5 }, () => announce(sockets)));
    expect(answers.filter((answer) => answer === '')).toHaveLength(fit);
    const refused = answers.filter((answer) => answer !== '');
    for (const answer of refused) expect(answer).toMatch(/^HTTP\/1\.1 503[^]*retry-after: 1/i);
    for (const socket of sockets) socket.destroy();
    await sleep(500);
    const tally: Tally = { sent: 0, accepted: 0, refused: 0, other: [] };
    await post(tally);
    expect(tally).toMatchObject({ accepted: 1, other: [] });
  });
});
