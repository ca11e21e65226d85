import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Feedback, Model, Prediction, State } from '../../dist-client/client.js';
import { loadTensorFlow, newPage, startBrowser } from '../support/browser.js';
import { aMessage, labelledTraffic } from '../support/builders.js';
import {
  ADMIN_KEY,
  API_KEY,
  type Client,
  newOwner,
  runNow,
  startTestFlywheel,
  type TestFlywheel,
} from '../support/flywheel.js';
import { sha256 } from '../support/uploads.js';

/** An application's page: it has the service's client, and a key in its address. */
const PAGE = (service: string) => `<!doctype html><title>A shop</title><script type="module">
  import { Flywheel } from '${service}/client.js';
  globalThis.app = new Flywheel({ url: '${service}', key: location.search.slice(1) });
</script>`;

interface AppPage {
  readonly app: {
    capture(prediction: Prediction): string;
    feedback(feedback: Feedback): string;
    flush(): Promise<boolean>;
    model(): Promise<Model>;
    readonly state: State;
  };
}

interface BrowserTf {
  loadLayersModel(
    url: string,
    options: object,
  ): Promise<{ predict(inputs: object[]): { data(): Promise<ArrayLike<number>> } }>;
  tensor2d(values: ArrayLike<number>, shape: readonly number[], dtype?: string): object;
}

interface Done {
  readonly answer: object;
  readonly scores: readonly number[];
  readonly labels: readonly string[];
}

let sites: { readonly server: Server; readonly origin: string }[];
let flywheel: TestFlywheel;
let browser: Browser;

/** Two sites, of which the service knows the first. */
beforeAll(async () => {
  sites = await Promise.all([aSite(), aSite()]);
  flywheel = await startTestFlywheel({ CORS_ORIGINS: `https://app.example.com, ${sites[0]!.origin}` });
  browser = await startBrowser();
});
afterAll(async () => {
  await browser.close();
  await flywheel.close();
  for (const { server } of sites) server.close();
});

async function aSite() {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end(PAGE(flywheel.url));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** The page of an application with a project of its own. */
async function anApp(project: string, scopes: string[] = ['ingest']) {
  const { owner } = await newOwner(flywheel, project);
  const made = await flywheel.as(ADMIN_KEY).post(`/v1/projects/${project}/keys`, { name: 'page', scopes }).expect(201);
  const page = await newPage(browser, 800);
  const { key } = made.body as { key: string };
  await page.goto(`${sites[0]!.origin}/?${key}`);
  await page.waitForFunction(() => 'app' in globalThis);
  return { owner, page, key };
}

/** Gives a project a champion. */
async function teach(owner: Client): Promise<void> {
  const { predictions, feedback } = labelledTraffic(0, 300);
  await owner.post('/v1/predictions', { items: predictions }).expect(202);
  await owner.post('/v1/feedback', { items: feedback }).expect(202);
  expect(await runNow(owner)).toMatchObject({ decision: { promoted: true } });
}

/** The page says something; returns the id of the prediction. */
const say = (page: Page, text: string): Promise<string> =>
  page.evaluate((said) => {
    const { app } = globalThis as unknown as AppPage;
    const predictionId = app.capture({ model: { version: '1' }, input: { text: said }, output: { label: 'refund' } });
    app.feedback({ predictionId, kind: 'correction', label: 'delivery', rater: { id: 'visitor', role: 'user' } });
    return predictionId;
  }, text);

const stateOf = (page: Page): Promise<State> => page.evaluate(() => (globalThis as unknown as AppPage).app.state);

const labelOf = async (owner: Client, id: string): Promise<unknown> =>
  ((await owner.get(`/v1/samples/${id}`)).body as { label?: string }).label;

describe('a page of another origin', () => {
  it('posts what it learns, and what it could not post before it was loaded again', async () => {
    const { owner, page } = await anApp('reload');
    await page.route(`${flywheel.url}/v1/**`, (route) => route.abort());
    const first = await say(page, 'said while the service was away');
    expect(await page.evaluate(() => (globalThis as unknown as AppPage).app.flush())).toBe(false);
    expect(await stateOf(page)).toMatchObject({ waiting: 2, trouble: 'TypeError: Failed to fetch' });
    await page.unrouteAll();
    await page.reload();
    await expect.poll(() => labelOf(owner, first), { timeout: 10_000 }).toBe('delivery');
    expect(await stateOf(page)).toEqual({ waiting: 0, taken: 2, lost: 0, trouble: null });
    // Leaving sent a part of it already: what comes twice is known.
    const { body } = await owner.get('/v1/ledger').expect(200);
    expect(body).toMatchObject({ stored: 2, conflict: 0, rejected: 0, balanced: true });
  });

  it('goes on by itself when it is online again', async () => {
    const { owner, page } = await anApp('offline');
    await page.context().setOffline(true);
    const id = await say(page, 'said in a tunnel');
    await expect.poll(async () => (await stateOf(page)).trouble, { timeout: 10_000 }).not.toBeNull();
    await page.context().setOffline(false);
    await expect.poll(() => labelOf(owner, id), { timeout: 10_000 }).toBe('delivery');
  });

  it('may be left at once: what was just said is sent all the same', async () => {
    const { owner, page } = await anApp('left');
    const id = await page.evaluate(() => {
      const { app } = globalThis as unknown as AppPage;
      const said = app.capture({ model: { version: '1' }, input: { text: 'and gone' }, output: { label: 'refund' } });
      (globalThis as unknown as { location: { href: string } }).location.href = 'about:blank';
      return said;
    });
    await expect.poll(async () => (await owner.get(`/v1/predictions/${id}`)).status, { timeout: 10_000 }).toBe(200);
    expect(page.url()).toBe('about:blank');
  });

  it('reads why it is refused, and when it may come again', async () => {
    const { page } = await anApp('refused');
    const refusal = await page.evaluate(async (url) => {
      const answer = await fetch(`${url}/v1/samples`, { headers: { authorization: 'Bearer fw_wrong' } });
      return {
        status: answer.status,
        body: (await answer.json()) as { code: string },
        id: answer.headers.get('x-request-id'),
      };
    }, flywheel.url);
    expect(refusal).toMatchObject({ status: 401, body: { code: 'unauthenticated' }, id: expect.any(String) });
  });

  it('puts a large input into the embedded object store', async () => {
    const { owner, page, key } = await anApp('upload', ['ingest', 'read']);
    const bytes = [...Buffer.from('a recording')];
    const order = { contentType: 'audio/ogg', bytes: bytes.length, sha256: sha256(Buffer.from(bytes)) };
    const { id, blob } = await page.evaluate(
      async ({ url, key, order, bytes }) => {
        const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
        const ordered = await fetch(`${url}/v1/uploads`, { method: 'POST', headers, body: JSON.stringify(order) });
        const { id, blob, put } = (await ordered.json()) as {
          id: string;
          blob: string;
          put: { url: string; headers: Record<string, string> };
        };
        const stored = await fetch(put.url, { method: 'PUT', headers: put.headers, body: new Uint8Array(bytes) });
        if (!stored.ok) throw new Error(await stored.text());
        return { id, blob };
      },
      { url: flywheel.url, key, order, bytes },
    );
    await owner.post(`/v1/uploads/${id}/complete`).expect(200);
    await page.evaluate(
      (input) => {
        (globalThis as unknown as AppPage).app.capture({ model: { version: '1' }, input, output: null });
      },
      { blob },
    );
    await expect.poll(async () => (await stateOf(page)).taken, { timeout: 10_000 }).toBe(1);
  });

  it('loads the champion with a key that may do nothing else', async () => {
    const { owner, page } = await anApp('model', ['model']);
    await teach(owner);
    await loadTensorFlow(page);
    const { text, label } = aMessage(1_000);
    const found = await page.evaluate(
      async ({ url, text }) => {
        const { app, tf } = globalThis as unknown as AppPage & { tf: BrowserTf };
        const { url: address, requestInit, labels, featurise, version } = await app.model();
        const model = await tf.loadLayersModel(address, { requestInit });
        const { ids, weights, shape } = featurise!([text]);
        const answer = model.predict([tf.tensor2d(ids!, shape, 'int32'), tf.tensor2d(weights!, shape)]);
        const scores = [...Array.from(await answer.data())];
        const samples = await fetch(`${url}/v1/samples`, requestInit);
        return { version, scores, labels, samples: samples.status };
      },
      { url: flywheel.url, text },
    );
    const { body } = await owner.post('/v1/predict', { inputs: [{ text }] }).expect(200);
    const [answer] = (body as { results: { label: string; scores: Record<string, number> }[] }).results;
    expect(answer!.label).toBe(label);
    expect(found).toMatchObject({ version: 1, labels: ['account', 'delivery', 'refund'], samples: 403 });
    found.labels.forEach((name, n) => expect(found.scores[n]).toBeCloseTo(answer!.scores[name]!, 5));
  });
});

describe('a page that does what the README says', () => {
  it('posts, asks, and answers with the champion by itself', async () => {
    const { owner, page, key } = await anApp('readme', ['ingest', 'model']);
    await teach(owner);
    await loadTensorFlow(page);
    const { text, label } = aMessage(1_000);
    const [, code] = /```js\n([\s\S]+?)```/.exec(await readFile('README.md', 'utf8'))!;
    const ended = `globalThis.done = { answer, scores: [...scores], labels, isTaken: await flywheel.flush() };`;
    await page.evaluate((given) => void Object.assign(globalThis, given), { key, text });
    await page.addScriptTag({
      type: 'module',
      content: `${code!.replaceAll('http://localhost:3000', flywheel.url)}${ended}`,
    });
    await page.waitForFunction(() => 'done' in globalThis);
    const done = await page.evaluate(() => (globalThis as unknown as { done: Done }).done);
    expect(done).toMatchObject({ answer: { label, modelVersion: 1 }, isTaken: true });
    expect(done.labels[done.scores.indexOf(Math.max(...done.scores))]).toBe(label);
    const { body } = await owner.get('/v1/samples?labelStatus=resolved&limit=1').expect(200);
    expect((body as { items: object[] }).items[0]).toMatchObject({ label: 'delivery', preview: text });
  });
});

describe('a page of an origin that the service does not know', () => {
  it('is refused by the browser, whatever key it has', async () => {
    const page = await newPage(browser, 800);
    await page.goto(`${sites[1]!.origin}/`);
    const asked = await page.evaluate(
      ({ url, key }) =>
        fetch(`${url}/v1/samples`, { headers: { authorization: `Bearer ${key}` } }).then(
          ({ status }) => String(status),
          String,
        ),
      { url: flywheel.url, key: API_KEY },
    );
    expect(asked).toBe('TypeError: Failed to fetch');
  });
});
