import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { loadLayersModel } from '@tensorflow/tfjs-layers';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ObjectStore } from '../../src/platform/object-store/object-store.js';
import { BaseService } from '../../src/train/base.service.js';
import { aBase } from '../support/base.js';
import { aCorrection, aPrediction } from '../support/builders.js';
import { type Client, newProject, runNow, startTestFlywheel, type TestFlywheel } from '../support/flywheel.js';

const SETTINGS = { retrain: { minNewLabels: 1_000_000, nightlyHour: null }, promotion: { minHoldout: 5 } };

interface Brought {
  readonly id: string;
  readonly hash: string;
  readonly features: number;
}

/** Bright on the left or on the right, with noise. */
async function picture(n: number): Promise<{ input: object; label: string }> {
  const right = n % 2 === 1;
  const pixels = Buffer.from(
    Array.from(
      { length: 256 },
      (_, p) => (p % 16 > 7 === right ? 180 : 20) + ((p * 7919 + n * 104_729 + ((n * p) % 97)) % 60),
    ),
  );
  const raw = { width: 16, height: 16, channels: 1 } as const;
  const base64 = (await sharp(pixels, { raw }).png().toBuffer()).toString('base64');
  return { input: { image: { contentType: 'image/png', base64 } }, label: right ? 'right' : 'left' };
}

describe('a pre-trained base', () => {
  let flywheel: TestFlywheel;
  let client: Client;
  let brought: Brought;

  beforeAll(async () => {
    await tf.setBackend('cpu');
    flywheel = await startTestFlywheel();
    client = await newProject(flywheel, 'bases', SETTINGS);
  });
  afterAll(() => flywheel.close());

  it('is opened, cut before its answers, and kept once', async () => {
    const order = await aBase(1);
    const { body } = await client.post('/v1/models', order).expect(201);
    brought = body as Brought;
    expect(brought).toMatchObject({ name: 'edges', format: 'layers-model', features: 64, retiredAt: null });
    const { body: again } = await client.post('/v1/models', order).expect(201);
    expect(again).toMatchObject({ id: brought.id, hash: brought.hash });
    const { body: list } = await client.get('/v1/bases').expect(200);
    expect((list as { items: object[] }).items).toHaveLength(1);
  });

  it('is what the next run stands on', async () => {
    await postPictures(client, 0, 100);
    const { run, model } = await trained(client);
    expect(run).toMatchObject({ status: 'succeeded', decision: { promoted: true } });
    expect(model.metrics).toMatchObject({ base: brought.hash });
    const { input, label } = await picture(1_001);
    const { body } = await client.post('/v1/predict', { inputs: [input] }).expect(200);
    expect(body).toMatchObject({ results: [{ label }] });
  });

  it('is handed out with its head as one model that answers the same in TensorFlow.js', async () => {
    const { body: json } = await client.get('/v1/models/1/model.json').expect(200);
    const { body: weights } = await client.get('/v1/models/1/weights.bin').expect(200);
    const { modelTopology, weightsManifest } = json as {
      modelTopology: object;
      weightsManifest: tf.io.WeightsManifestConfig;
    };
    const weightData = Uint8Array.from(weights as Buffer).buffer;
    const whole = await loadLayersModel(
      tf.io.fromMemory({ modelTopology, weightSpecs: weightsManifest[0]!.weights, weightData }),
    );
    const { input } = await picture(1_001);
    const pixels = await sharp(Buffer.from((input as { image: { base64: string } }).image.base64, 'base64'))
      .toColourspace('b-w')
      .raw()
      .toBuffer();
    const answer = whole.predict(
      tf.tensor(
        [...pixels].map((p) => p / 255),
        [1, 16, 16, 1],
      ),
    ) as tf.Tensor;
    const { body } = await client.post('/v1/predict', { inputs: [input] }).expect(200);
    const { scores } = (body as { results: [{ scores: Record<string, number> }] }).results[0];
    const found = [...(await answer.data())];
    Object.values(scores).forEach((p, i) => expect(p).toBeCloseTo(found[i]!, 4));
  });

  it('computes activations of what is new alone', async () => {
    await postPictures(client, 100, 10);
    await trained(client);
    await trained(client);
    expect(await flywheel.app.get(ObjectStore).list(`activations/bases/${brought.hash}/3/`)).toHaveLength(2);
  });

  it('keeps no activations that were computed in a way of before, from its next start on', async () => {
    const objects = flywheel.app.get(ObjectStore);
    const before = await objects.list('activations/bases/');
    await objects.put(`activations/bases/${brought.hash}/1/old`, Buffer.from('old'));
    await flywheel.app.get(BaseService).onApplicationBootstrap();
    expect(await objects.list('activations/bases/')).toEqual(before);
  });

  it('is used no more once it is retired', async () => {
    await client.delete(`/v1/bases/${brought.id}`).expect(204);
    expect(await flywheel.app.get(ObjectStore).list('activations/bases/')).toEqual([]);
    const { model } = await trained(client);
    expect(model.metrics).not.toHaveProperty('base');
    await client.delete('/v1/bases/nobody').expect(404);
  });

  it('is trained on from the layer that was named, and its versions are served, judged and grown like any other', async () => {
    const other = await newProject(flywheel, 'thawed', SETTINGS);
    const order = await aBase(5);
    const { model } = order as { model: { modelTopology?: { config: { layers: { config: { name: string } }[] } } } };
    const [first] = model.modelTopology!.config.layers;
    const trainableFrom = first!.config.name;
    const { body } = await other.post('/v1/models', { ...order, trainableFrom }).expect(201);
    expect(body).toMatchObject({ trainableFrom });
    await postPictures(other, 0, 200);
    const { model: version } = await trained(other);
    const { thawing } = version.metrics as { thawing: { from: string; thawed: object | null; frozen: object } };
    expect(thawing).toMatchObject({ from: trainableFrom, frozen: { accuracy: expect.any(Number) as number } });
    const { input, label } = await picture(1_001);
    const { body: answer } = await other.post('/v1/predict', { inputs: [input] }).expect(200);
    expect(answer).toMatchObject({ results: [{ label }] });
    await postPictures(other, 200, 20);
    await trained(other);
  });

  it.each([
    ['a layer that runs code', (order: Order) => breakLayer(order, 'Lambda'), '/model/modelTopology/config/layers/0'],
    [
      'too few bytes',
      (order: Order) => ({ ...order, weights: { 'group1-shard1of1.bin': 'AAAA' } }),
      '/model/weightsManifest/0',
    ],
    [
      'weights of somebody else',
      (order: Order) => ({ ...order, weights: { x: { blob: 'packs/other/1' } } }),
      '/weights/x/blob',
    ],
    ['inputs it does not read', (order: Order) => ({ ...order, input: { ...order.input, width: 32 } }), '/model'],
    ['a layer it does not have', (order: Order) => ({ ...order, outputLayer: 'nowhere' }), '/model'],
    ['no layer of that name to train from', (order: Order) => ({ ...order, trainableFrom: 'nowhere' }), '/model'],
  ])('is refused with %s', async (_, broken, pointer) => {
    const order = broken(await aBase(2));
    const { body } = await client.post('/v1/models', order).expect(422);
    expect(body).toMatchObject({ code: 'invalid-request', errors: [{ pointer }] });
    expect(await flywheel.app.get(ObjectStore).list('bases/bases/')).toHaveLength(2);
  });
});

type Order = Awaited<ReturnType<typeof aBase>>;

function breakLayer(order: Order, className: string): Order {
  const { model } = JSON.parse(JSON.stringify(order)) as { model: { modelTopology: { config: { layers: object[] } } } };
  model.modelTopology.config.layers[0] = { class_name: className, config: {} };
  return { ...order, model };
}

async function postPictures(client: Client, from: number, count: number): Promise<void> {
  const pictures = await Promise.all(Array.from({ length: count }, (_, i) => picture(from + i)));
  const predictions = pictures.map(({ input }, i) => aPrediction({ id: `p${from + i}`, input }));
  const feedback = pictures.map(({ label }, i) => aCorrection({ predictionId: `p${from + i}`, label }));
  await client.post('/v1/predictions', { items: predictions }).expect(202);
  await client.post('/v1/feedback', { items: feedback }).expect(202);
}

async function trained(client: Client) {
  const run = await runNow(client);
  expect(run).toMatchObject({ status: 'succeeded', error: null });
  const { body: model } = await client.get(`/v1/models/${run.modelVersion}`).expect(200);
  return { run, model: model as { metrics: object } };
}
