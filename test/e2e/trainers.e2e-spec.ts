import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/platform/model-runtime/random.js';
import { aCorrection, aPrediction, labelledTraffic } from '../support/builders.js';
import {
  type Client,
  endOfRun,
  newProject,
  runNow,
  startTestFlywheel,
  type TestFlywheel,
} from '../support/flywheel.js';

/** Nearest class mean as a Dense layer: scores are m.x - |m|^2 / 2. What it does is told by the environment's mode file. */
const PROGRAM = `
import { readFileSync, writeFileSync } from 'node:fs';
const mode = readFileSync(new URL('./mode', import.meta.url), 'utf8');
if (mode === 'refuses') { console.error('not these'); process.exit(3); }
if (mode === 'crashes') { console.error('out of luck'); process.exit(1); }
if (mode === 'hangs') { writeFileSync(new URL('./pid', import.meta.url), String(process.pid)); process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); await new Promise(() => {}); }
const samples = readFileSync(new URL(process.env.FLYWHEEL_SNAPSHOT_URI), 'utf8').trim().split('\\n').map((l) => JSON.parse(l));
console.log('not JSON');
console.log(JSON.stringify({ progress: 0.5, note: 'half way' }));
const labels = [...new Set(samples.map((s) => s.label))].sort();
const means = labels.map((label) => {
  const rows = samples.filter((s) => s.label === label).map((s) => s.input.vector);
  return rows[0].map((_, i) => rows.reduce((sum, row) => sum + row[i], 0) / rows.length);
});
const kernel = means[0].flatMap((_, i) => means.map((m) => m[i]));
const bias = means.map((m) => -m.reduce((sum, x) => sum + x * x, 0) / 2);
const out = (name) => new URL(name, process.env.FLYWHEEL_MODEL_URI);
writeFileSync(out('weights.bin'), Buffer.from(Float32Array.from([...kernel, ...bias]).buffer));
const layer = { class_name: mode === 'lies' ? 'Lambda' : 'Dense', config: { name: 'd', units: labels.length, activation: 'softmax', batch_input_shape: [null, means[0].length] } };
const weights = [{ name: 'd/kernel', shape: [means[0].length, labels.length], dtype: 'float32' }, { name: 'd/bias', shape: [labels.length], dtype: 'float32' }];
writeFileSync(out('model.json'), JSON.stringify({ modelTopology: { class_name: 'Sequential', config: { name: 's', layers: [layer] } }, weightsManifest: [{ paths: ['weights.bin'], weights }] }));
writeFileSync(out('report.json'), JSON.stringify({ labels: mode === 'miscounts' ? [...labels, 'x'] : labels, metrics: { epochs: 1 } }));
`;

const EXAMPLE = fileURLToPath(new URL('../../examples/trainers/sklearn_trainer.py', import.meta.url));
const RUN = `
folder=$(dirname "$0")
if [ "$(cat "$folder/mode")" = example ]; then exec /usr/bin/python3 "${EXAMPLE}"; fi
exec "${process.execPath}" "$folder/trainer.mjs"
`;

const SETTINGS = {
  retrain: { minNewLabels: 1_000_000, nightlyHour: null },
  training: { runner: 'command' },
  promotion: { minHoldout: 5 },
};

describe('a trainer of your own', () => {
  let flywheel: TestFlywheel;
  let client: Client;
  let folder: string;
  const behave = (mode: string) => writeFile(join(folder, 'mode'), mode);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'flywheel-trainer-'));
    await writeFile(join(folder, 'trainer.mjs'), PROGRAM);
    await writeFile(join(folder, 'run'), RUN);
    flywheel = await startTestFlywheel({ TRAINER_COMMAND: `sh "${join(folder, 'run')}"` });
    client = await newProject(flywheel, 'trainers', SETTINGS);
    const random = seededRandom(4);
    const points = Array.from({ length: 120 }, (_, i) => ({
      id: `v${i}`,
      vector: [(i % 2 === 0 ? 3 : -3) + random.normal(), random.normal()],
      label: i % 2 === 0 ? 'right' : 'left',
    }));
    const items = points.map(({ id, vector }) => aPrediction({ id, input: { vector } }));
    await client.post('/v1/predictions', { items }).expect(202);
    const feedback = points.map(({ id, label }) => aCorrection({ predictionId: id, label }));
    await client.post('/v1/feedback', { items: feedback }).expect(202);
  });
  afterAll(async () => {
    await flywheel.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('makes a model that is compared, promoted and served like any other', async () => {
    await behave('works');
    expect(await runNow(client)).toMatchObject({ status: 'succeeded', modelVersion: 1, decision: { promoted: true } });
    const { body } = await client
      .post('/v1/predict', { inputs: [{ vector: [2, 0] }, { vector: [-2, 0] }] })
      .expect(200);
    expect(body).toMatchObject({ results: [{ label: 'right' }, { label: 'left' }] });
    const { body: model } = await client.get('/v1/models/1').expect(200);
    expect(model).toMatchObject({
      backend: 'command',
      kind: 'vector',
      labels: ['left', 'right'],
      metrics: { epochs: 1 },
    });
  });

  it('may be the scikit-learn example', async () => {
    await behave('example');
    expect(await runNow(client)).toMatchObject({ status: 'succeeded', modelVersion: 2 });
    const reason = { reason: 'to see what it answers' };
    await client.post('/v1/models/2/promote', reason).expect(200);
    const { body } = await client.post('/v1/predict', { inputs: [{ vector: [2, 0] }] }).expect(200);
    expect(body).toMatchObject({ results: [{ label: 'right', modelVersion: 2 }] });
  });

  it('learns texts from the numbers that they are hashed into', async () => {
    await behave('example');
    const texts = await newProject(flywheel, 'trainers-of-texts', SETTINGS);
    const { predictions, feedback } = labelledTraffic(0, 300);
    await texts.post('/v1/predictions', { items: predictions }).expect(202);
    await texts.post('/v1/feedback', { items: feedback }).expect(202);
    const run = await runNow(texts);
    expect(run).toMatchObject({ status: 'succeeded', decision: { promoted: true } });
    const known = predictions.map(({ input }) => input);
    const { body } = await texts.post('/v1/predict', { inputs: known }).expect(200);
    const { results } = body as { results: { label: string }[] };
    const right = results.filter(({ label }, i) => label === feedback[i]!.label).length;
    expect(right).toBeGreaterThan(0.9 * known.length);
    await texts.get('/v1/models/champion/featuriser.js').expect(200, /TEXT_INPUTS/);
  });

  it('learns values where the project answers with values', async () => {
    await behave('example');
    const values = await newProject(flywheel, 'trainers-of-values', { ...SETTINGS, task: 'regression' });
    const random = seededRandom(5);
    const houses = Array.from({ length: 200 }, (_, i) => {
      const vector = [10 * random.next(), random.normal()];
      return { id: `h${i}`, vector, value: 3 * vector[0]! - 2 * vector[1]! + 7 + 0.1 * random.normal() };
    });
    const items = houses.map(({ id, vector }) => aPrediction({ id, input: { vector }, output: { value: 0 } }));
    await values.post('/v1/predictions', { items }).expect(202);
    const feedback = houses.map(({ id, value }) => ({ ...aCorrection({ predictionId: id }), label: undefined, value }));
    await values.post('/v1/feedback', { items: feedback }).expect(202);
    const run = await runNow(values);
    expect(run).toMatchObject({ status: 'succeeded', decision: { promoted: true } });
    const { body } = await values.post('/v1/predict', { inputs: [{ vector: [4, 1] }] }).expect(200);
    const [answer] = (body as { results: { value: number; interval: { low: number; high: number } }[] }).results;
    expect(answer!.value).toBeCloseTo(3 * 4 - 2 + 7, 0);
    // Nine of ten errors of a deviation of .1 are below .165.
    expect(answer!.interval.high - answer!.value).toBeGreaterThan(0.12);
    expect(answer!.interval.high - answer!.value).toBeLessThan(0.21);
  });

  it('may refuse for good, in its own words', async () => {
    await behave('refuses');
    expect(await runNow(client)).toMatchObject({ status: 'refused', error: 'not these' });
  });

  it.each([
    ['crashes', 'out of luck'],
    [
      'lies',
      'the model of the command is wrong: /model/modelTopology/config/layers/0 Lambda is not among the layers allowed',
    ],
    ['miscounts', 'the model answers with 2 numbers, and there are 3 labels'],
  ])('fails after three attempts when it %s', async (mode, error) => {
    await behave(mode);
    expect(await runNow(client)).toMatchObject({ status: 'failed', attempt: 3, error });
  });

  it('ends with a trainer that is killed outright', async () => {
    await behave('hangs');
    await rm(join(folder, 'pid'), { force: true });
    const { body } = await client.post('/v1/runs').expect(202);
    const pid = async () => Number(await readFile(join(folder, 'pid'), 'utf8').catch(() => '0'));
    await expect.poll(pid, { timeout: 20_000 }).toBeGreaterThan(0);
    const program = await pid();
    process.kill(parentOf(program), 'SIGKILL');
    await expect.poll(() => isAlive(program), { timeout: 5_000 }).toBe(false);
    await client.delete(`/v1/runs/${(body as { id: string }).id}`).expect(200);
    await endOfRun(client, (body as { id: string }).id);
  });

  it('is stopped when the run is cancelled, even when it does not listen', async () => {
    await behave('hangs');
    const { body } = await client.post('/v1/runs').expect(202);
    const { id } = body as { id: string };
    await expect
      .poll(async () => (await client.get(`/v1/runs/${id}`)).body as object)
      .toMatchObject({ status: 'running' });
    await client.delete(`/v1/runs/${id}`).expect(200);
    expect(await endOfRun(client, id, 10)).toMatchObject({ status: 'cancelled' });
  });
});

/** Of a process on Linux: the second field after its name. */
const parentOf = (pid: number): number => Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))![1]);

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
