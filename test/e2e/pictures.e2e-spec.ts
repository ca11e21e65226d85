import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ObjectStore } from '../../src/platform/object-store/object-store.js';
import { aPrediction } from '../support/builders.js';
import { API_KEY, type Client, newProject, startTestFlywheel, type TestFlywheel } from '../support/flywheel.js';
import { upload } from '../support/uploads.js';

let flywheel: TestFlywheel;
let client: Client;

beforeAll(async () => {
  flywheel = await startTestFlywheel();
  client = flywheel.as(API_KEY);
});
afterAll(() => flywheel.close());

const photo = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#c0392b' } });
const inline = (contentType: string, bytes: Buffer) => ({ image: { contentType, base64: bytes.toString('base64') } });

const post = (id: string, input: object) => client.post('/v1/predictions', aPrediction({ id, input })).expect(202);
const ask = (id: string, query = '', as = client) => as.get(`/v1/predictions/${id}/picture${query}`);

describe('the picture of a prediction', () => {
  it('is a WebP that fits the side asked for, with its proportions', async () => {
    await post('wide', inline('image/jpeg', await photo(400, 100).jpeg().toBuffer()));
    for (const [query, expected] of [
      ['', { width: 96, height: 24 }],
      ['?side=200', { width: 200, height: 50 }],
    ] as const) {
      const { body, headers } = await ask('wide', query).expect(200).expect('content-type', 'image/webp');
      expect(await sharp(body as Buffer).metadata()).toMatchObject({ format: 'webp', ...expected });
      expect(headers['cache-control']).toBe('private, max-age=86400, immutable');
    }
    const { dominant } = await sharp((await ask('wide')).body as Buffer).stats();
    expect(Math.abs(dominant.r - 0xc0) + Math.abs(dominant.g - 0x39) + Math.abs(dominant.b - 0x2b)).toBeLessThan(30);
  });

  it('is not enlarged', async () => {
    await post('small', inline('image/png', await photo(28, 20).png().toBuffer()));
    const { body } = await ask('small').expect(200);
    expect(await sharp(body as Buffer).metadata()).toMatchObject({ width: 28, height: 20 });
  });

  it('of an uploaded image is read from the object store', async () => {
    const { blob } = await upload(client, await photo(300, 300).png().toBuffer(), 'image/png');
    await post('large', { blob });
    const { body } = await ask('large').expect(200);
    expect(await sharp(body as Buffer).metadata()).toMatchObject({ width: 96, height: 96 });
  });

  it('is not to be had where there is none that can be shown', async () => {
    const bomb = await sharp({ create: { width: 5_000, height: 5_000, channels: 3, background: '#000' } })
      .png()
      .toBuffer();
    const unreadable = await upload(client, Buffer.from('what is not an image'), 'application/octet-stream');
    const inputs: Record<string, object> = {
      words: { text: 'no picture' },
      broken: inline('image/png', Buffer.from('iVBORw0KGgo=', 'base64')),
      drawing: inline('image/png', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')),
      bomb: inline('image/png', bomb),
      bytes: { blob: unreadable.blob },
    };
    for (const [id, input] of Object.entries(inputs)) {
      await post(id, input);
      const { body, headers } = await ask(id)
        .expect(404)
        .expect('content-type', /application\/problem\+json/);
      expect((body as { detail: string }).detail).toBe(`What prediction ${id} is about cannot be shown as a picture.`);
      expect(headers['cache-control'] ?? '').not.toContain('immutable');
    }
    await ask('nobody').expect(404);
  });

  it('is read few at a time, however many are asked for: each may take up the memory of a whole upload', async () => {
    const { blob } = await upload(client, await photo(64, 64).png().toBuffer(), 'image/png');
    await post('often', { blob });
    const store = flywheel.app.get(ObjectStore);
    const get = store.get.bind(store);
    let [reading, most] = [0, 0];
    const counted = vi.spyOn(store, 'get').mockImplementation(async (...wanted) => {
      most = Math.max(most, (reading += 1));
      await sleep(50);
      return get(...wanted).finally(() => (reading -= 1));
    });
    await Promise.all(Array.from({ length: 20 }, () => ask('often').expect(200)));
    counted.mockRestore();
    expect(most).toBe(4);
  });

  it('is only for those who may read the project', async () => {
    await post('ours', inline('image/png', await photo(20, 20).png().toBuffer()));
    const others = await newProject(flywheel, 'others');
    await ask('ours', '', others).expect(404);
    await ask('ours', '', flywheel.as('fw_no_key')).expect(401);
    const { body } = await ask('ours', '?side=5000').expect(422);
    expect(body).toMatchObject({ errors: [{ pointer: '/side' }] });
  });
});
