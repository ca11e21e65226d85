import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { splitOf } from '../../src/core/split.js';
import { canonicalJson, sha256 } from '../../src/core/ids.js';
import { Database } from '../../src/platform/database/database.js';
import { SideStore } from '../../src/snapshot/side.store.js';
import { aCorrection, aPrediction } from '../support/builders.js';
import { type Client, newProject, startTestFlywheel, type TestFlywheel } from '../support/flywheel.js';
import { rowsRead } from '../support/rows-read.js';

interface Sample {
  readonly id: string;
  readonly split: string;
}

/** The side that a text has by itself. */
const sideOf = (project: string, text: string) =>
  splitOf(`${project}/${sha256(`content:${sha256(canonicalJson({ text }))}`)}`, 20);

/** The first number that gives a text of that side. */
function aText(project: string, side: string, textOf: (n: number) => string): string {
  for (let n = 1; ; n += 1) if (sideOf(project, textOf(n)) === side) return textOf(n);
}

describe('samples that are nearly the same', () => {
  let flywheel: TestFlywheel;
  beforeAll(async () => {
    flywheel = await startTestFlywheel();
  });
  afterAll(() => flywheel.close());

  const post = async (client: Client, inputs: Readonly<Record<string, object>>, group?: string) => {
    const items = Object.entries(inputs).map(([id, input]) => aPrediction({ id, input, ...(group ? { group } : {}) }));
    await client.post('/v1/predictions', { items }).expect(202);
    const said = items.map(({ id }) => aCorrection({ predictionId: id, label: 'delivery' }));
    await client.post('/v1/feedback', { items: said }).expect(202);
  };
  const freeze = (client: Client) => client.post('/v1/snapshots').expect(201);
  const splits = async (client: Client): Promise<Record<string, string>> => {
    const { body } = await client.get('/v1/samples?limit=200').expect(200);
    return Object.fromEntries((body as { items: Sample[] }).items.map(({ id, split }) => [id, split]));
  };

  it('keep their places when a snapshot ends in the middle, and the next one goes on from there', async () => {
    const client = await newProject(flywheel, 'ended', {});
    const texts = Array.from({ length: 1_200 }, (_, i) => [`e${i}`, { text: sha256(`text ${i}`) }] as const);
    for (const from of [0, 600]) await post(client, Object.fromEntries(texts.slice(from, from + 600)));
    const really = SideStore.prototype.insert;
    let parts = 0;
    const insert = vi.spyOn(SideStore.prototype, 'insert').mockImplementation(function (this: SideStore, id, rows) {
      parts += 1;
      return parts === 2 ? Promise.reject(new Error('ended')) : really.call(this, id, rows);
    });
    await client.post('/v1/snapshots').expect(500);
    insert.mockClear();
    await freeze(client);
    expect(insert.mock.calls.map(([, rows]) => rows.length)).toEqual([500, 200]);
    insert.mockRestore();
  });

  it('are on the side of the first of them, in one snapshot and in later ones', async () => {
    const client = await newProject(flywheel, 'sides', {});
    const first = aText('sides', 'train', (n) => `please tell me where the parcel number ${n} has been left`);
    const like = (side: string) => aText('sides', side, (n) => `${first}${'!'.repeat(n)}`);
    expect(like('holdout')).not.toBe(like('train'));
    await post(client, { a1: { text: first }, a2: { text: like('holdout') } });
    await freeze(client);
    expect(await splits(client)).toEqual({ a1: 'train', a2: 'train' });
    await post(client, { a3: { text: aText('sides', 'holdout', (n) => `${first}${'.'.repeat(n)}`) } });
    await freeze(client);
    expect(await splits(client)).toEqual({ a1: 'train', a2: 'train', a3: 'train' });
  });

  it('are set aside where they are like samples of both sides', async () => {
    const client = await newProject(flywheel, 'torn', {});
    const stem = 'could you tell me when the courier comes to bring me the new lamp';
    const learnt = aText('torn', 'train', (n) => `on day ${n} ${stem}`);
    const judged = aText('torn', 'holdout', (n) => `${stem} in town ${n}`);
    await post(client, { b1: { text: learnt }, b2: { text: judged } });
    await freeze(client);
    expect(await splits(client)).toEqual({ b1: 'train', b2: 'holdout' });
    await post(client, { b3: { text: stem } });
    const { body } = await freeze(client);
    expect(await splits(client)).toEqual({ b1: 'train', b2: 'holdout', b3: 'aside' });
    expect(body).toMatchObject({ trainCount: 1, holdoutCount: 1 });
    const feedback = await client.get('/v1/samples?split=aside').expect(200);
    expect((feedback.body as { items: Sample[] }).items.map(({ id }) => id)).toEqual(['b3']);
  });

  it('that were on both sides before places were kept: what was held out teaches nothing, and judges no more', async () => {
    const client = await newProject(flywheel, 'upgraded', {});
    const database = flywheel.app.get(Database);
    const first = aText('upgraded', 'train', (n) => `where can I change the address of my delivery ${n}`);
    const like = (side: string, mark: string) => aText('upgraded', side, (n) => `${first}${mark.repeat(n)}`);
    await post(client, { u1: { text: first } });
    await freeze(client);
    // Nothing is found by it, as before places were kept.
    await database.query(`update sample_side set keys = '{}' where project_id = 'upgraded'`);
    await post(client, { u2: { text: like('holdout', '!') } });
    await freeze(client);
    expect(await splits(client)).toEqual({ u1: 'train', u2: 'holdout' });

    await database.query(`delete from sample_side where project_id = 'upgraded'`);
    await post(client, { u3: { text: like('holdout', '.') } });
    const { body } = await freeze(client);
    expect(await splits(client)).toEqual({ u1: 'train', u2: 'aside', u3: 'train' });
    expect(body).toMatchObject({ trainCount: 2, holdoutCount: 0 });
  });

  it('are set aside where people verified them to judge, and what they are like is learnt from', async () => {
    const client = await newProject(flywheel, 'verified', { auditShare: 1 });
    const learnt = aText('verified', 'train', (n) => `when does the shop in street ${n} open on sundays`);
    await post(client, { g1: { text: learnt } });
    await freeze(client);
    const [like, alone] = [
      aText('verified', 'holdout', (n) => `${learnt}${'!'.repeat(n)}`),
      aText('verified', 'holdout', (n) => `is there a discount of ${n} percent for students`),
    ];
    const items = Object.entries({ g2: like, g3: alone }).map(([id, text]) => aPrediction({ id, input: { text } }));
    await client.post('/v1/predictions', { items }).expect(202);
    const { body } = await client.get('/v1/review/next?n=10').expect(200);
    const audits = body as { items: { sampleId: string; reason: string }[] };
    expect(audits.items.map(({ sampleId, reason }) => `${sampleId} ${reason}`).sort()).toEqual([
      'g2 audit',
      'g3 audit',
    ]);
    for (const { sampleId } of audits.items)
      await client.post(`/v1/review/${sampleId}`, { label: 'opening' }).expect(200);
    const snapshot = await freeze(client);
    expect(await splits(client)).toEqual({ g1: 'train', g2: 'aside', g3: 'holdout' });
    expect(snapshot.body).toMatchObject({ trainCount: 1, holdoutCount: 1 });
  });

  it('stay where the caller put them', async () => {
    const client = await newProject(flywheel, 'callers', {});
    const text = aText('callers', 'holdout', (n) => `my own words about the parcel ${n}`);
    await post(client, { c1: { text } });
    await freeze(client);
    const groups = Array.from({ length: 20 }, (_, i) => `customer ${i}`);
    for (const [i, group] of groups.entries()) await post(client, { [`d${i}`]: { text: `${text}!` } }, group);
    await freeze(client);
    const sides = await splits(client);
    for (const [i, group] of groups.entries())
      expect(sides[`d${i}`]).toBe(splitOf(`callers/${sha256(`group:${group}`)}`, 20));
    expect(new Set(Object.values(sides))).toEqual(new Set(['train', 'holdout']));
  });

  it('are told of vectors and pictures, and not across projects', async () => {
    const numbers = (n: number) => Array.from({ length: 40 }, (_, i) => Math.sin(n * 97 + i * i));
    const nearly = (n: number) => numbers(n).map((value) => value + 1e-6);
    const vectors = (make: typeof numbers, prefix: string) =>
      Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`${prefix}${n}`, { vector: make(n) }]));
    const client = await newProject(flywheel, 'vectors', {});
    const other = await newProject(flywheel, 'others', {});
    await post(client, vectors(numbers, 'v'));
    await freeze(client);
    await post(client, vectors(nearly, 'w'));
    await post(other, vectors(nearly, 'w'));
    await freeze(client);
    await freeze(other);
    const sides = await splits(client);
    const agreeing = Array.from({ length: 40 }, (_, n) => n).filter((n) => sides[`v${n}`] === sides[`w${n}`]);
    expect(agreeing.length).toBeGreaterThanOrEqual(39);
    const { body } = await client.get('/v1/insights/duplicates').expect(200);
    const { items: groups } = body as { items: { samples: { sampleId: string }[] }[] };
    const pairs = groups.map(({ samples }) => samples.map(({ sampleId }) => sampleId).join(' '));
    expect(pairs.length).toBeGreaterThanOrEqual(39);
    for (const pair of pairs) expect(pair).toMatch(/^v(\d+) w\1$/);
    const alone = await splits(other);
    expect(Object.keys(alone).filter((id) => alone[id] !== sides[id]).length).toBeGreaterThan(0);

    const pictures = await newProject(flywheel, 'pictures', {});
    await post(
      pictures,
      Object.fromEntries(await Promise.all(Array.from({ length: 12 }, (_, n) => picture(n, 'p', 1)))),
    );
    await freeze(pictures);
    await post(
      pictures,
      Object.fromEntries(await Promise.all(Array.from({ length: 12 }, (_, n) => picture(n, 'q', 0.8)))),
    );
    await freeze(pictures);
    const shown = await splits(pictures);
    for (let n = 0; n < 12; n += 1) expect(shown[`q${n}`]).toBe(shown[`p${n}`]);
  });

  it('are found at the cost of what is new: no search reads all places', async () => {
    const database = flywheel.app.get(Database);
    const old = 50_000;
    // Of other times, and not analysed yet.
    await database.query(
      `insert into sample_side (project_id, sample_id, side, group_hash, keys)
       select 'large', 's' || i, 'train', 'h', array[i, i + 1000000, i + 2000000] from generate_series(1, $1::int) i`,
      [old],
    );
    const client = await newProject(flywheel, 'large', {});
    const texts = Array.from({ length: 300 }, (_, i) => [`t${i}`, { text: `question ${i}: parcel or courier please` }]);
    await post(client, Object.fromEntries(texts) as Record<string, object>);
    const before = await rowsRead(database, 'sample_side');
    await freeze(client);
    expect((await rowsRead(database, 'sample_side')) - before).toBeLessThan(old / 5);
  });
});

async function picture(seed: number, prefix: string, brightness: number): Promise<[string, object]> {
  const pixels = Buffer.from(Array.from({ length: 72 }, (_, i) => 100 + 99 * Math.sin((seed + 1) * 31 + i * i)));
  const png = await sharp(pixels, { raw: { width: 9, height: 8, channels: 1 } })
    .resize(36, 32)
    .linear(brightness)
    .png()
    .toBuffer();
  return [`${prefix}${seed}`, { image: { contentType: 'image/png', base64: png.toString('base64') } }];
}
