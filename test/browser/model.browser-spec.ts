import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/platform/model-runtime/random.js';
import { loadTensorFlow, startBrowser } from '../support/browser.js';
import { aCorrection, aPrediction, labelledTraffic } from '../support/builders.js';
import { type Client, newOwner, runNow, startTestFlywheel, type TestFlywheel } from '../support/flywheel.js';

let flywheel: TestFlywheel;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  flywheel = await startTestFlywheel();
  browser = await startBrowser();
  page = await browser.newPage();
  await page.goto(`${flywheel.url}/health/live`);
  await loadTensorFlow(page);
});
afterAll(async () => {
  await browser.close();
  await flywheel.close();
});

/** A project with a champion, and its key. */
async function champion(
  id: string,
  teach: (client: Client) => Promise<void>,
): Promise<{ client: Client; key: string }> {
  const { owner: client, key } = await newOwner(flywheel, id);
  await teach(client);
  expect(await runNow(client)).toMatchObject({ decision: { promoted: true } });
  return { client, key };
}

interface Tensor {
  data(): Promise<ArrayLike<number>>;
}
interface BrowserTf {
  setBackend(name: string): Promise<boolean>;
  loadLayersModel(url: string, options: object): Promise<{ predict(inputs: Tensor | Tensor[]): Tensor }>;
  tensor2d(values: readonly (readonly number[])[], shape?: undefined, dtype?: string): Tensor;
}

/** What the model says in the browser: probabilities in the order of its labels. */
function inBrowser(
  key: string,
  inputs: readonly { values: readonly (readonly number[])[]; dtype: string }[],
): Promise<number[]> {
  return page.evaluate(
    async ({ authorization, tensors }) => {
      const { tf } = globalThis as unknown as { tf: BrowserTf };
      await tf.setBackend('cpu');
      const model = await tf.loadLayersModel('/v1/models/champion/model.json', {
        requestInit: { headers: { authorization } },
      });
      const given = tensors.map(({ values, dtype }) => tf.tensor2d(values, undefined, dtype));
      return [...Array.from(await model.predict(given.length === 1 ? given[0]! : given).data())];
    },
    { authorization: `Bearer ${key}`, tensors: inputs },
  );
}

async function fromService(client: Client, input: object): Promise<Record<string, number>> {
  const { body } = await client.post('/v1/predict', { inputs: [input] }).expect(200);
  return (body as { results: { scores: Record<string, number> }[] }).results[0]!.scores;
}

describe('the champion in a browser, by tf.loadLayersModel', () => {
  it('gives the answers of the service for vectors', async () => {
    const random = seededRandom(4);
    const points = Array.from({ length: 400 }, (_, i) => ({
      id: `v${i}`,
      vector: [(i % 2 === 0 ? 2 : -2) + random.normal(), random.normal()],
      label: i % 2 === 0 ? 'a' : 'b',
    }));
    const { client, key } = await champion('vectors', async (teacher) => {
      const items = points.map(({ id, vector }) => aPrediction({ id, input: { vector } }));
      await teacher.post('/v1/predictions', { items }).expect(202);
      await teacher
        .post('/v1/feedback', { items: points.map(({ id, label }) => aCorrection({ predictionId: id, label })) })
        .expect(202);
    });
    const scores = await fromService(client, { vector: [0.3, -1.5] });
    const found = await inBrowser(key, [{ values: [[0.3, -1.5]], dtype: 'float32' }]);
    expect(found[0]).toBeCloseTo(scores.a!, 5);
    expect(found[1]).toBeCloseTo(scores.b!, 5);
  });

  it('gives the answers of the service for texts', async () => {
    const { client, key } = await champion('texts', async (teacher) => {
      const { predictions, feedback } = labelledTraffic(0, 300);
      await teacher.post('/v1/predictions', { items: predictions }).expect(202);
      await teacher.post('/v1/feedback', { items: feedback }).expect(202);
    });
    const text = 'where does my parcel arrive, and my money?';
    const scores = await fromService(client, { text });
    const { ids, weights } = await featuresInBrowser(client, key, text);
    const found = await inBrowser(key, [
      { values: [ids], dtype: 'int32' },
      { values: [weights], dtype: 'float32' },
    ]);
    Object.values(scores).forEach((score, i) => expect(found[i]).toBeCloseTo(score, 5));
  });
});

interface FeaturiserModule {
  openFeaturiser(
    folder: string,
    options: object,
  ): Promise<(texts: string[]) => { ids: Int32Array; weights: Float32Array }>;
}

/** What the text model reads of a text, worked out by the featuriser that is published beside it. */
async function featuresInBrowser(
  client: Client,
  key: string,
  text: string,
): Promise<{ ids: number[]; weights: number[] }> {
  const { text: source } = await client.get('/v1/models/champion/featuriser.js').buffer(true).expect(200);
  await page.addScriptTag({ type: 'module', content: `${source}\nglobalThis.openFeaturiser = openFeaturiser;` });
  return page.evaluate(
    async ({ authorization, text }) => {
      const { openFeaturiser } = globalThis as unknown as FeaturiserModule;
      const featurise = await openFeaturiser('/v1/models/champion/', { headers: { authorization } });
      const { ids, weights } = featurise([text]);
      return { ids: [...ids], weights: [...weights] };
    },
    { authorization: `Bearer ${key}`, text },
  );
}
