import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { encodeManifest, type ManifestLine } from '../../src/core/manifest.js';
import { readKept } from '../../src/platform/model-runtime/kept-answers.js';
import { readModelFiles } from '../../src/platform/model-runtime/load-model.js';
import {
  ModelRuntime,
  TrainingFailed,
  type TrainingJob,
  TrainingRefused,
} from '../../src/platform/model-runtime/model-runtime.js';
import { InputsTooLarge, readSnapshot } from '../../src/platform/object-store/snapshot-reader.js';
import { trainModel } from '../../src/platform/model-runtime/train-model.js';
import type { TrainedModel } from '../../src/platform/model-runtime/types.js';
import { sha256 } from '../../src/core/ids.js';
import { ObjectStore, type ObjectStoreConfig } from '../../src/platform/object-store/object-store.js';
import { ownChildren } from '../support/process.js';

/** Objects by "/bucket/key": as much of S3 as a training child uses. */
const objects = new Map<string, Buffer>();
const written: string[] = [];
const runtime = new ModelRuntime();
let server: Server;
let config: ObjectStoreConfig;
let store: ObjectStore;

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const key = decodeURIComponent(new URL(request.url!, 'http://s3').pathname);
  if (request.method === 'PUT') {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    objects.set(key, unchunked(Buffer.concat(chunks), request.headers));
    written.push(key);
    response.setHeader('etag', '"0"').end();
    return;
  }
  const body = objects.get(key);
  if (body) response.end(body);
  else response.writeHead(404, { 'content-type': 'application/xml' }).end('<Error><Code>NoSuchKey</Code></Error>');
}

/** The SDK may send "aws-chunked": size in hex, line end, bytes, line end; a chunk of size 0 ends it. */
function unchunked(body: Buffer, headers: IncomingMessage['headers']): Buffer {
  if (!headers['content-encoding']?.includes('aws-chunked')) return body;
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const end = body.indexOf('\r\n', at);
    const size = parseInt(body.subarray(at, end).toString(), 16);
    if (size === 0) return Buffer.concat(parts);
    parts.push(body.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
}

const WORDS = ['parcel', 'refund', 'password', 'invoice', 'address', 'voucher', 'order', 'return', 'size', 'colour'];

/** `count` lines of ten labels; each text says its label's word among words that mean nothing. */
const lines = (count: number): ManifestLine[] =>
  Array.from({ length: count }, (_, i) => ({
    sampleId: `s${i}`,
    label: WORDS[i % 10]!,
    split: i % 20 > 17 ? 'holdout' : 'train',
    groupHash: '',
    contentHash: '',
    revision: '1',
    input: {
      text: `question ${i} about ${WORDS[i % 10]} and ${(i * 7919) % 997} ${(i * 104729) % 991} more`,
    },
  }));

const snapshot = (name: string, samples: readonly ManifestLine[]): string => {
  objects.set(`/loop/${name}`, gzipSync(encodeManifest(samples)));
  return name;
};

const aJob = (over: Partial<TrainingJob> = {}): TrainingJob => ({
  store: config,
  manifestKey: snapshot('small', lines(200)),
  outputPrefix: 'models/1/',
  seed: 5,
  backend: 'auto',
  settings: { halfLifeDays: null },
  provenance: { snapshotSha256: 'abc', parentVersion: null, codeVersion: 'test' },
  ...over,
});
const hooks = (over: Partial<Parameters<ModelRuntime['train']>[1]> = {}) => ({
  onProgress: () => undefined,
  signal: new AbortController().signal,
  ...over,
});

beforeAll(async () => {
  server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  config = { endpoint, region: 'us-east-1', bucket: 'loop', accessKeyId: 'key', secretAccessKey: 'secret' };
  store = new ObjectStore(config);
});
afterAll(() => {
  store.close();
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  objects.clear();
  written.length = 0;
});

describe('a training run in a process of its own', () => {
  it('learns beside the judging what one thread alone would learn, with a parent and where labels are left out', async () => {
    const doubtful = (line: ManifestLine, i: number): ManifestLine =>
      i % 3 === 0 ? { ...line, label: WORDS[(i + 1 + (Math.floor(i / 3) % 2)) % 10]!, revision: '2' } : line;
    const apart = lines(3_000).map((line, i) => ({ ...line, groupHash: `g${i}` }));
    const snapshots = { clean: apart, noisy: apart.map(doubtful) };
    for (const [name, all] of Object.entries(snapshots)) {
      const prefix = `models/${name}/`;
      const parentPrefix = name === 'clean' ? undefined : 'models/clean/';
      const parent = parentPrefix && { parent: await readModelFiles(store, parentPrefix) };
      const order = { manifestKey: snapshot(name, all), outputPrefix: prefix };
      const report = await runtime.train(aJob({ ...order, ...(parentPrefix && { parentPrefix }) }), hooks());
      const learnt = (await readSnapshot(store, name)).filter(({ split }) => split === 'train');
      const alone = await trainModel(learnt, { seed: 5, settings: { halfLifeDays: null }, ...parent, ...hooks() });
      const weights = ({ files }: Pick<TrainedModel, 'files'>) =>
        [...files].filter(([file]) => file !== 'manifest.json').map(([file, bytes]) => [file, sha256(bytes)]);
      expect(weights({ files: await readModelFiles(store, prefix) })).toEqual(weights(alone));
      expect(report.metrics.trainSamples).toBe(alone.metrics.trainSamples);
      if (name === 'noisy') expect(alone.metrics.trainSamples).toBeLessThan(learnt.length);
      else expect(alone.metrics.trainSamples).toBe(learnt.length);
    }
  });

  it('learns while what it was told is judged, and says what one thread alone would say', async () => {
    const apart = lines(3_200).map((line, i) => ({ ...line, groupHash: `g${i}`, revision: String(i + 1) }));
    await runtime.train(aJob({ manifestKey: snapshot('first', apart.slice(0, 3_000)) }), hooks());
    const later = { manifestKey: snapshot('later', apart), parentPrefix: 'models/1/', outputPrefix: 'models/2/' };
    const report = await runtime.train(aJob(later), hooks());
    const learnt = (await readSnapshot(store, 'later')).filter(({ split }) => split === 'train');
    const alone = await trainModel(learnt, {
      ...{ seed: 5, settings: { halfLifeDays: null }, ...hooks() },
      parent: await readModelFiles(store, 'models/1/'),
      kept: readKept(objects.get('/loop/models/1/answers.json')!.toString())!,
    });
    expect(alone.metrics.outOfFold).toMatchObject({ samples: 2_700 });
    expect(report.metrics.outOfFold).toEqual(alone.metrics.outOfFold);
    const [weights, map, answers] = ['weights.bin', 'map.json', 'answers.json'].map((name) =>
      objects.get(`/loop/models/2/${name}`)!,
    );
    expect(sha256(weights!)).toBe(sha256(alone.files.get('weights.bin')!));
    expect(JSON.parse(map!.toString())).toEqual(JSON.parse(JSON.stringify(alone.map)));
    expect(JSON.parse(answers!.toString())).toEqual(JSON.parse(JSON.stringify(alone.kept)));
  });

  it('hands on what it was told about samples, to a run that then asks only about what is new', async () => {
    const apart = lines(220).map((line, i) => ({ ...line, groupHash: `g${i}`, revision: String(i + 1) }));
    await runtime.train(aJob({ manifestKey: snapshot('first', apart.slice(0, 200)) }), hooks());
    const later = { manifestKey: snapshot('later', apart), parentPrefix: 'models/1/', outputPrefix: 'models/2/' };
    const report = await runtime.train(aJob(later), hooks());
    expect(report.metrics).toMatchObject({ trainSamples: 198, outOfFold: { samples: 180 } });
    const kept = JSON.parse(objects.get('/loop/models/2/answers.json')!.toString()) as { ids: string[] };
    expect(kept.ids).toHaveLength(198);
  });

  it('says how far it is and leaves the model it reports in the store, manifest last', async () => {
    const heard: number[] = [];
    const report = await runtime.train(aJob(), hooks({ onProgress: (fraction) => void heard.push(fraction) }));
    expect(heard.length).toBeGreaterThan(0);
    expect(heard.every((fraction) => fraction > 0 && fraction <= 1)).toBe(true);
    expect(report).toMatchObject({
      kind: 'text',
      labels: [...WORDS].sort(),
      prefix: 'models/1/',
      metrics: { trainSamples: 180 },
    });

    expect(written.at(-1)).toBe('/loop/models/1/manifest.json');
    const manifest = objects.get('/loop/models/1/manifest.json')!;
    expect(createHash('sha256').update(manifest).digest('hex')).toBe(report.manifestSha256);
    const files = await readModelFiles(store, 'models/1/');
    expect([...files.values()].reduce((sum, { length }) => sum + length, 0)).toBe(report.bytes);
    expect(JSON.parse(manifest.toString())).toMatchObject({
      snapshotSha256: 'abc',
      parent: null,
      codeVersion: 'test',
    });

    const model = await runtime.load(store, report.prefix);
    expect((await model.predict([{ text: 'about my voucher' }]))[0]!.label).toBe('voucher');
  });

  it('takes the process that was started for it, whose end is no harm', async () => {
    const before = ownChildren();
    runtime.expectRun();
    const expected = ownChildren();
    expect(expected).not.toBe(before);
    runtime.expectRun();
    expect(ownChildren()).toBe(expected);
    await runtime.train(aJob(), hooks({ onProgress: () => expect(ownChildren()).toBe(expected) }));
    expect(ownChildren()).toBe(before);

    runtime.expectRun();
    process.kill(Number(ownChildren().split(' ').at(-1)), 'SIGKILL');
    await vi.waitFor(() => expect(ownChildren()).toBe(before));
    await runtime.train(aJob(), hooks());

    runtime.expectRun();
    runtime.onModuleDestroy();
    await vi.waitFor(() => expect(ownChildren()).toBe(before));
  });

  it('is not begun with inputs that take more memory than there is: reading ends there', async () => {
    snapshot('many', lines(200));
    const all = await readSnapshot(store, 'many');
    const bytes = all.reduce((sum, { input }) => sum + ('text' in input ? input.text.length : 0), 0);
    expect(await readSnapshot(store, 'many', undefined, bytes)).toEqual(all);
    await expect(readSnapshot(store, 'many', undefined, bytes - 1)).rejects.toThrow(InputsTooLarge);
  });

  it('starts from a parent in the store', async () => {
    await runtime.train(aJob(), hooks());
    const manifestKey = snapshot(
      'two',
      lines(200).filter(({ label }) => label < 'i'),
    );
    const report = await runtime.train(
      aJob({ manifestKey, parentPrefix: 'models/1/', outputPrefix: 'models/2/' }),
      hooks(),
    );
    expect(report.labels).toEqual([...WORDS].sort());
  });

  it('ends within about a second of a cancellation and leaves no manifest', async () => {
    const cancelled = new AbortController();
    const manifestKey = snapshot('large', lines(20_000));
    let cancelledAt = 0;
    const onProgress = (): void => {
      cancelledAt ||= performance.now();
      cancelled.abort();
    };
    await expect(runtime.train(aJob({ manifestKey }), { onProgress, signal: cancelled.signal })).rejects.toThrow(
      'cancelled',
    );
    expect(performance.now() - cancelledAt).toBeLessThan(1_500);
    expect(written).toEqual([]);
  });

  it('is reported as failed when its process is killed', async () => {
    const manifestKey = snapshot('large', lines(20_000));
    const onProgress = (): void => killTrainingChildren();
    const running = runtime.train(aJob({ manifestKey }), hooks({ onProgress }));
    await expect(running).rejects.toThrow(TrainingFailed);
    await expect(running).rejects.toThrow('SIGKILL');
  });

  it('is reported as refused when there is nothing to learn', async () => {
    const manifestKey = snapshot(
      'one',
      lines(200).filter(({ label }) => label === 'parcel'),
    );
    await expect(runtime.train(aJob({ manifestKey }), hooks())).rejects.toThrow(TrainingRefused);
  });

  it('is reported as failed when the snapshot is not there', async () => {
    await expect(runtime.train(aJob({ manifestKey: 'nowhere' }), hooks())).rejects.toThrow(TrainingFailed);
  });
});

/** Kills the processes that this test process has forked, as an out-of-memory killer would. */
function killTrainingChildren(): void {
  const handles = (
    process as unknown as { _getActiveHandles(): { pid?: number; kill?: (signal: string) => void }[] }
  )._getActiveHandles();
  for (const handle of handles) if (handle.pid !== undefined && handle.kill) handle.kill('SIGKILL');
}
