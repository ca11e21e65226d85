import { randomBytes } from 'node:crypto';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PackService } from '../../src/capture/pack.service.js';
import { PredictionRestoreService } from '../../src/capture/restore.service.js';
import { UploadService } from '../../src/capture/upload.service.js';
import { Database } from '../../src/platform/database/database.js';
import { ObjectStore } from '../../src/platform/object-store/object-store.js';
import { aCorrection, aPrediction } from '../support/builders.js';
import { API_KEY, type Client, newProject, runNow, startTestFlywheel, type TestFlywheel } from '../support/flywheel.js';
import { orderUpload, putUpload as put, sha256, upload as uploadAs } from '../support/uploads.js';

let flywheel: TestFlywheel;
let client: Client;

beforeAll(async () => {
  flywheel = await startTestFlywheel();
  client = flywheel.as(API_KEY);
});
afterAll(() => flywheel.close());

const BYTES = 'application/octet-stream';
const order = (bytes: Buffer, contentType = BYTES) => orderUpload(client, bytes, contentType);
const upload = (bytes: Buffer, contentType = BYTES, as = client) => uploadAs(as, bytes, contentType);

/** A picture of a bright or a dark half, by its number. */
const picture = (n: number): Promise<Buffer> => {
  const pixels = Buffer.from(
    Array.from({ length: 256 }, (_, i) => (i < 128 === (n % 2 === 0) ? 200 : 20) + ((n * i) % 30)),
  );
  return sharp(pixels, { raw: { width: 16, height: 16, channels: 1 } })
    .png()
    .toBuffer();
};

describe('a large input', () => {
  it('is put into the object store, checked, named by a prediction, and read again', async () => {
    const bytes = randomBytes(3_000_000);
    const ordered = await order(bytes);
    expect(ordered.blob).toMatch(/^blobs\/default\/[0-9a-f-]{36}-[0-9a-f]{64}\.bin$/);
    const early = await client.post(`/v1/uploads/${ordered.id}/complete`).expect(409);
    expect(early.body).toMatchObject({ code: 'not-possible-now' });
    expect((await put(ordered, bytes)).status).toBe(200);
    const { body } = await client.post(`/v1/uploads/${ordered.id}/complete`).expect(200);
    expect(body).toMatchObject({ blob: ordered.blob, bytes: bytes.length, sha256: sha256(bytes) });
    await client.post('/v1/predictions', aPrediction({ id: 'large', input: { blob: ordered.blob } })).expect(202);
    const read = await client.get(`/v1/uploads/${ordered.id}`).expect(200);
    const { get, usedAt } = read.body as { get: { url: string }; usedAt: string | null };
    expect(usedAt).not.toBeNull();
    const answer = await fetch(get.url);
    expect(answer.headers.get('content-disposition')).toBe('attachment');
    expect(Buffer.from(await answer.arrayBuffer()).equals(bytes)).toBe(true);
  });

  it('must have exactly the length, type and bytes that were announced, and is put once', async () => {
    const bytes = randomBytes(1_000);
    const ordered = await order(bytes);
    const other = randomBytes(1_000);
    expect((await put(ordered, other)).status).toBe(400);
    expect((await put(ordered, other, { 'x-amz-checksum-sha256': sha256(other) })).status).toBe(403);
    const longer = Buffer.concat([bytes, bytes]);
    expect((await put(ordered, longer, { 'content-length': String(longer.length) })).status).toBe(403);
    expect((await put(ordered, bytes, { 'content-type': 'text/html' })).status).toBe(403);
    expect((await put(ordered, bytes)).status).toBe(200);
    expect((await put(ordered, bytes)).status).toBe(412);
  });

  it('is looked at even where the store did not: what differs is thrown away', async () => {
    const objects = flywheel.app.get(ObjectStore);
    for (const [bytes, contentType, pointer] of [
      [randomBytes(9), 'application/octet-stream', '/bytes'],
      [randomBytes(10), 'text/plain', '/contentType'],
      [randomBytes(10), 'application/octet-stream', '/sha256'],
    ] as const) {
      const ordered = await order(randomBytes(10));
      await objects.put(ordered.blob, bytes, contentType);
      const { body } = await client.post(`/v1/uploads/${ordered.id}/complete`).expect(422);
      expect(body).toMatchObject({ errors: [{ pointer }] });
      expect(await objects.find(ordered.blob)).toBeUndefined();
    }
  });

  it('that is no image, though it says so, is thrown away', async () => {
    const bytes = Buffer.from('<svg onload="alert(1)"/>');
    const ordered = await order(bytes, 'image/png');
    await put(ordered, bytes);
    const { body } = await client.post(`/v1/uploads/${ordered.id}/complete`).expect(422);
    expect(body).toMatchObject({ errors: [{ pointer: '/contentType' }] });
  });

  it.each([
    ['a negative length', { bytes: -1 }, '/bytes'],
    ['too large', { bytes: 65 * 1024 * 1024 }, '/bytes'],
    ['a page', { contentType: 'text/html' }, '/contentType'],
    ['a hash of another kind', { sha256: 'AB' }, '/sha256'],
  ])('is refused when it is %s', async (_, over, pointer) => {
    const { body } = await client
      .post('/v1/uploads', { contentType: 'image/png', bytes: 10, sha256: '0'.repeat(64), ...over })
      .expect(422);
    expect((body as { errors: { pointer: string }[] }).errors.map((error) => error.pointer)).toEqual([pointer]);
  });

  it('cannot be named before it is complete, nor by another project', async () => {
    const bytes = randomBytes(100);
    const ordered = await order(bytes);
    await put(ordered, bytes);
    const post = (as: Client, blob: string) => as.post('/v1/predictions', aPrediction({ input: { blob } }));
    for (const blob of [ordered.blob, 'packs/default/x', '../../etc/passwd']) {
      const { body } = await post(client, blob).expect(422);
      expect(body).toMatchObject({ errors: [{ pointer: '/input/blob' }] });
    }
    await client.post(`/v1/uploads/${ordered.id}/complete`).expect(200);
    const stranger = await newProject(flywheel, 'stranger');
    await post(stranger, ordered.blob).expect(422);
    await stranger.get(`/v1/uploads/${ordered.id}`).expect(404);
    await stranger.post(`/v1/uploads/${ordered.id}/complete`).expect(404);
    const { body } = await client.post('/v1/predictions', {
      items: [aPrediction({ input: { blob: 'none' } }), aPrediction({ input: { blob: ordered.blob } })],
    });
    expect(body).toMatchObject({ results: [{ status: 'rejected' }, { status: 'accepted' }] });
  });

  it('with the same bytes is the same input: on one side of the split', async () => {
    const bytes = randomBytes(50);
    const [one, two] = [await upload(bytes), await upload(bytes)];
    expect(one.blob).not.toBe(two.blob);
    for (const [id, { blob }] of [['same1', one] as const, ['same2', two] as const])
      await client.post('/v1/predictions', aPrediction({ id, input: { blob } })).expect(202);
    const rows = await flywheel.app
      .get(Database)
      .query<{ content_hash: string }>(`select content_hash from prediction where id in ('same1', 'same2')`);
    expect(rows[0]!.content_hash).toBe(rows[1]!.content_hash);
  });
});

describe('uploads that nobody names', () => {
  it('are dropped with their objects, and those that are named stay', async () => {
    const [objects, database] = [flywheel.app.get(ObjectStore), flywheel.app.get(Database)];
    const [used, unused, never] = [
      await upload(randomBytes(10)),
      await upload(randomBytes(10)),
      await order(randomBytes(10)),
    ];
    const fresh = await upload(randomBytes(10));
    await client.post('/v1/predictions', aPrediction({ input: { blob: used.blob } })).expect(202);
    await database.query(
      `update upload set created_at = now() - interval '25 hours', expires_at = now() - interval '24 hours' where id = any($1)`,
      [[used.id, unused.id, never.id]],
    );
    await flywheel.app.get(UploadService).dropUnused();
    for (const { blob } of [used, fresh]) expect(await objects.find(blob)).toBeDefined();
    expect(await objects.find(unused.blob)).toBeUndefined();
    for (const { id } of [unused, never]) await client.get(`/v1/uploads/${id}`).expect(404);
    await client.post('/v1/predictions', aPrediction({ input: { blob: unused.blob } })).expect(422);
  });
});

describe('uploaded images', () => {
  it('train a model, and their rows are restored from packs', { timeout: 120_000 }, async () => {
    const gallery = await newProject(flywheel, 'gallery', { promotion: { minHoldout: 1 } });
    for (let n = 0; n < 40; n += 1) {
      const { blob } = await upload(await picture(n), 'image/png', gallery);
      await gallery.post('/v1/predictions', aPrediction({ id: `i${n}`, input: { blob } })).expect(202);
      await gallery
        .post('/v1/feedback', aCorrection({ predictionId: `i${n}`, label: n % 2 ? 'dark above' : 'light above' }))
        .expect(202);
    }
    const run = await runNow(gallery);
    expect(run).toMatchObject({ status: 'succeeded' });
    if (!run.decision?.promoted)
      await gallery.post('/v1/models/1/promote', { reason: 'a test of uploads' }).expect(200);
    const image = { contentType: 'image/png', base64: (await picture(100)).toString('base64') };
    const { body: answer } = await gallery.post('/v1/predict', { inputs: [{ image }] }).expect(200);
    expect(answer).toMatchObject({ results: [{ label: 'light above' }] });

    const database = flywheel.app.get(Database);
    await flywheel.app.get(PackService).packOpen('gallery', new Date(Date.now() + 31 * 86_400_000));
    const uploads = () =>
      database.query(
        `select id, object_key, content_type, bytes, sha256 from upload where project_id = 'gallery' order by id`,
      );
    const before = await uploads();
    for (const table of ['upload', 'prediction', 'pack', 'payload_batch'])
      await database.query(`delete from ${table} where project_id = 'gallery'`);
    const restore = flywheel.app.get(PredictionRestoreService);
    for (const pack of await restore.missing()) await restore.restore(pack);
    expect(await uploads()).toEqual(before);
  });
});
