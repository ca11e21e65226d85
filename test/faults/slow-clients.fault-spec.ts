import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aPrediction } from '../support/builders.js';
import { IS_LONG } from '../support/fault-traffic.js';
import { API_KEY, startTestFlywheel, type TestFlywheel } from '../support/flywheel.js';

const DRIPPING = 500;
const KINDS = IS_LONG ? (['headers', 'body'] as const) : (['headers'] as const);
const CLOSED_WITHIN_MS = IS_LONG ? 32_000 : 17_000;

let flywheel: TestFlywheel;

beforeAll(async () => {
  flywheel = await startTestFlywheel();
});
afterAll(() => flywheel.close());

const HEAD = `POST /v1/predictions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${API_KEY}\r\n`;
const BEGINNINGS = {
  headers: HEAD,
  body: `${HEAD}content-type: application/json\r\ncontent-length: 100000\r\n\r\n{"items":[`,
};

/** Sends a beginning and then a byte now and then. Resolves with the milliseconds until it was hung up on. */
function drip(kind: keyof typeof BEGINNINGS, sockets: Socket[]): Promise<number> {
  const { hostname, port } = new URL(flywheel.url);
  const began = Date.now();
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => socket.write(BEGINNINGS[kind]));
    sockets.push(socket);
    const timer = setInterval(() => socket.write(kind === 'headers' ? 'x' : ' '), 500);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearInterval(timer);
      resolve(Date.now() - began);
    });
    socket.resume();
  });
}

async function post(): Promise<{ status: number; ms: number }> {
  const began = Date.now();
  const { status } = await fetch(`${flywheel.url}/v1/predictions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify(aPrediction()),
  });
  return { status, ms: Date.now() - began };
}

describe(`${DRIPPING} clients that drip their ${KINDS.join(', and as many that drip their ')}`, () => {
  it('are hung up on in time, and nobody else waits for them', { timeout: 120_000 }, async () => {
    const sockets: Socket[] = [];
    const drips = KINDS.flatMap((kind) => Array.from({ length: DRIPPING }, () => drip(kind, sockets)));
    const ended = Promise.all(drips);
    const answers: { status: number; ms: number }[] = [];
    let isOver = false;
    void ended.then(() => (isOver = true));
    const until = Date.now() + CLOSED_WITHIN_MS + 10_000;
    while (!isOver && Date.now() < until) {
      answers.push(await post());
      await sleep(20);
    }
    for (const socket of sockets) socket.destroy();
    const lived = (await ended).sort((a, b) => a - b);
    const times = answers.map(({ ms }) => ms).sort((a, b) => a - b);
    console.log(
      `slow clients: ${lived.length}, hung up on after ${lived[0]} to ${lived.at(-1)} ms; meanwhile ${answers.length} others, p99 ${times[Math.floor(times.length * 0.99)]} ms`,
    );
    expect(answers.every(({ status }) => status === 202)).toBe(true);
    expect(lived.at(-1)).toBeLessThan(CLOSED_WITHIN_MS);
    // Nobody waited anything like as long as the slow ones took.
    expect(times.at(-1)).toBeLessThan(3_000);
  });
});
