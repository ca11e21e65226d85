import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Load, Measured } from './load.js';

/** Requests that may be under way at once; a service that is slower than the rate makes the rest wait, which counts. */
const MOST_SOCKETS = 256;

/**
 * Sends at an even rate, each request when its time has come whether or not earlier ones are answered, and measures
 * from that time on: a service that falls behind cannot hide it.
 *
 * @throws Error when an answer was no 2xx
 */
export async function evenLoad(order: Load & { readonly rate: number }): Promise<Measured> {
  const agent = new Agent({ keepAlive: true, maxSockets: MOST_SOCKETS });
  const times: number[] = [];
  const answers: Promise<void>[] = [];
  const began = performance.now();
  for (let sent = 0; performance.now() - began < order.seconds * 1_000; await sleep(1)) {
    const due = Math.floor(((performance.now() - began) / 1_000) * order.rate);
    for (; sent < due; sent += 1) {
      const dueAt = began + (sent / order.rate) * 1_000;
      const body = order.bodies[sent % order.bodies.length]!;
      answers.push(post(order, body, agent).then(() => void times.push(performance.now() - dueAt)));
    }
  }
  await Promise.all(answers);
  agent.destroy();
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))]!;
  const requestsASecond = times.length / order.seconds;
  return {
    requestsASecond,
    items: times.length * order.itemsARequest,
    itemsASecond: requestsASecond * order.itemsARequest,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
  };
}

/** One request; resolves when its answer has come whole. */
export function post(
  { url, path, key }: Pick<Load, 'url' | 'path' | 'key'>,
  body: string,
  agent: Agent,
): Promise<void> {
  const headers = {
    authorization: `Bearer ${key}`,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  };
  return new Promise((resolve, reject) => {
    const call = request(url + path, { method: 'POST', headers, agent }, (response) => {
      response.resume();
      response.on('end', () => {
        if (response.statusCode === 202) resolve();
        else reject(new Error(`${path} was answered ${response.statusCode}`));
      });
    });
    call.on('error', reject);
    call.end(body);
  });
}
