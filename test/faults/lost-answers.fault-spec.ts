import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Database } from '../../src/platform/database/database.js';
import { aCorrection, aPrediction } from '../support/builders.js';
import { IS_LONG } from '../support/fault-traffic.js';
import { API_KEY, newProject, startTestFlywheel, type TestFlywheel } from '../support/flywheel.js';

/** Every byte of an answer when it is long, every seventeenth when it is short. */
const STEP = IS_LONG ? 1 : 17;

let flywheel: TestFlywheel;

beforeAll(async () => {
  flywheel = await startTestFlywheel();
});
afterAll(() => flywheel.close());

interface Request {
  readonly path: string;
  readonly key: string;
  readonly body: object;
}

/** Sends a request and hangs up after so many bytes of its answer. Tells what had arrived. */
function cutAfter(bytes: number, { path, key, body }: Request): Promise<string> {
  const text = JSON.stringify(body);
  const { hostname, port } = new URL(flywheel.url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let arrived = '';
    socket.setEncoding('latin1');
    socket.on('error', reject);
    socket.on('data', (chunk: string) => {
      arrived += chunk;
      if (arrived.length < bytes) return;
      socket.destroy();
      resolve(arrived.slice(0, bytes));
    });
    socket.on('end', () => resolve(arrived));
    socket.write(
      `POST ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${API_KEY}\r\nidempotency-key: ${key}\r\n` +
        `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`,
    );
    if (bytes === 0) setTimeout(() => (socket.destroy(), resolve('')), 20);
  });
}

const post = ({ path, key, body }: Request, bearer = API_KEY) =>
  fetch(flywheel.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify(body),
  });

/** Sent again until the first is no longer at work. */
async function again(request: Request): Promise<{ status: number; text: string }> {
  for (;;) {
    const response = await post(request);
    if (response.status !== 409) return { status: response.status, text: await response.text() };
    await response.text();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const withoutId = (item: object): object => ({ ...item, id: undefined });

const REQUESTS: readonly [name: string, make: (n: number) => Omit<Request, 'key'>][] = [
  [
    'a prediction',
    (n) => ({ path: '/v1/predictions', body: withoutId(aPrediction({ input: { text: `text ${n}` } })) }),
  ],
  [
    'a batch with a wrong item',
    (n) => ({
      path: '/v1/predictions',
      body: { items: [withoutId(aPrediction({ input: { text: `batch ${n}` } })), { input: {} }] },
    }),
  ],
  ['feedback', (n) => ({ path: '/v1/feedback', body: withoutId(aCorrection({ predictionId: `p${n}` })) })],
];

describe('an answer that is lost at any byte', () => {
  it.each(REQUESTS)('of %s is given again, and nothing is done twice', { timeout: 300_000 }, async (name, make) => {
    const whole = await cutAfter(1e9, { ...make(-1), key: `whole-${name.replaceAll(' ', '-')}` });
    const body = whole.slice(whole.indexOf('\r\n\r\n') + 4);
    let cuts = 0;
    for (let bytes = 0; bytes < whole.length; bytes += STEP) {
      const request = { ...make(bytes), key: `cut-${name.replaceAll(' ', '-')}-${bytes}` };
      const arrived = await cutAfter(bytes, request);
      const { status, text } = await again(request);
      expect(status).toBe(Number(whole.slice(9, 12)));
      expect(text.length).toBe(body.length);
      // What had arrived of the body is the beginning of what is given again: the same ids.
      const begun = arrived.indexOf('\r\n\r\n');
      if (begun >= 0) expect(text.startsWith(arrived.slice(begun + 4))).toBe(true);
      cuts += 1;
    }
    console.log(`lost answers: ${name} cut at ${cuts} places`);
    const [row] = await flywheel.app
      .get(Database)
      .query<{ count: string }>(
        name === 'feedback' ? 'select count(*) from feedback' : `select count(*) from prediction where preview like $1`,
        name === 'feedback' ? [] : [name === 'a prediction' ? 'text %' : 'batch %'],
      );
    expect(Number(row!.count)).toBe(cuts + 1);
  });

  it('and a key that another project uses is another key', async () => {
    const stranger = await newProject(flywheel, 'stranger');
    const request = { path: '/v1/predictions', key: 'shared', body: withoutId(aPrediction()) };
    expect((await post(request)).status).toBe(202);
    const { status, headers } = await stranger.post(request.path, request.body).set('idempotency-key', request.key);
    expect([status, headers['idempotency-replayed']]).toEqual([202, undefined]);
  });
});
