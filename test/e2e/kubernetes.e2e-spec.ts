import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/platform/model-runtime/random.js';
import { aCorrection, aPrediction } from '../support/builders.js';
import { FakeKubernetes } from '../support/fake-kubernetes.js';
import { type Client, endOfRun, newProject, startTestFlywheel, type TestFlywheel } from '../support/flywheel.js';

const TOKEN = 'token of the service account';

/** A container that reads its samples and leaves its model by way of the addresses it was given. */
const WORKS = `
const text = await (await fetch(process.env.FLYWHEEL_SNAPSHOT_URI)).text();
const samples = text.trim().split('\\n').map((line) => JSON.parse(line));
console.log('not JSON');
console.log(JSON.stringify({ progress: 0.5, note: 'half way' }));
await new Promise((resolve) => setTimeout(resolve, 2500));
const uris = JSON.parse(process.env.FLYWHEEL_MODEL_URIS);
const leave = async (name, body) => {
  const answer = await fetch(uris[name], { method: 'PUT', body });
  if (!answer.ok) throw new Error(name + ' ' + answer.status + ' ' + (await answer.text()));
};
const labels = [...new Set(samples.map(({ label }) => label))].sort();
const side = (label) => Math.sign(samples.find((s) => s.label === label).input.vector[0]);
await leave('weights.bin', Buffer.from(Float32Array.from([...labels.map(side), ...labels.map(() => 0), ...labels.map(() => 0)]).buffer));
const layer = { class_name: 'Dense', config: { name: 'd', units: labels.length, activation: 'softmax', batch_input_shape: [null, 2] } };
const weights = [{ name: 'd/kernel', shape: [2, labels.length], dtype: 'float32' }, { name: 'd/bias', shape: [labels.length], dtype: 'float32' }];
await leave('model.json', JSON.stringify({ modelTopology: { class_name: 'Sequential', config: { name: 's', layers: [layer] } }, weightsManifest: [{ paths: ['weights.bin'], weights }] }));
await leave('report.json', JSON.stringify({ labels, metrics: { epochs: 1 } }));
`;

const SETTINGS = {
  retrain: { minNewLabels: 1_000_000, nightlyHour: null },
  training: { runner: 'kubernetes' },
  promotion: { minHoldout: 5 },
};

describe('a run as a Kubernetes Job', () => {
  const cluster = new FakeKubernetes(TOKEN, WORKS);
  let flywheel: TestFlywheel;
  let client: Client;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'flywheel-kubernetes-'));
    await writeFile(join(folder, 'token'), `${TOKEN}\n`);
    flywheel = await startTestFlywheel({
      TRAINER_KUBERNETES_API: await cluster.listen(),
      TRAINER_KUBERNETES_NAMESPACE: 'training',
      TRAINER_KUBERNETES_TOKEN_FILE: join(folder, 'token'),
      TRAINER_KUBERNETES_CA_FILE: join(folder, 'none'),
      TRAINER_KUBERNETES_IMAGE: 'registry.example/trainer:1',
      TRAINER_KUBERNETES_MEMORY: '8Gi',
    });
    client = await newProject(flywheel, 'clustered', SETTINGS);
    const random = seededRandom(4);
    const points = Array.from({ length: 120 }, (_, i) => ({
      id: `v${i}`,
      vector: [(i % 2 === 0 ? 3 : -3) + random.normal() / 4, random.normal()],
      label: i % 2 === 0 ? 'right' : 'left',
    }));
    const items = points.map(({ id, vector }) => aPrediction({ id, input: { vector } }));
    await client.post('/v1/predictions', { items }).expect(202);
    const feedback = points.map(({ id, label }) => aCorrection({ predictionId: id, label }));
    await client.post('/v1/feedback', { items: feedback }).expect(202);
  });
  afterAll(async () => {
    await flywheel.close();
    await cluster.close();
    await rm(folder, { recursive: true, force: true });
  });

  const order = async (): Promise<string> => {
    const { body } = await client.post('/v1/runs').expect(202);
    return (body as { id: string }).id;
  };
  const read = async (id: string) => (await client.get(`/v1/runs/${id}`)).body as object;

  it('makes a model that is served, and leaves no Job behind', async () => {
    const id = await order();
    await expect.poll(() => read(id), { timeout: 20_000 }).toMatchObject({ progress: 0.5, note: 'half way' });
    expect(await endOfRun(client, id)).toMatchObject({ status: 'succeeded', decision: { promoted: true } });
    const { body } = await client.post('/v1/predict', { inputs: [{ vector: [2, 0] }] }).expect(200);
    expect(body).toMatchObject({ results: [{ label: 'right' }] });
    expect((await client.get('/v1/models/1')).body).toMatchObject({ backend: 'kubernetes', metrics: { epochs: 1 } });
    expect(cluster.removed).toEqual([`flywheel-${id}-1`]);
  });

  it('is one pod without rights, never restarted, whose addresses are those of its attempt', () => {
    const [job] = cluster.made;
    const env = job!.spec.template.spec.containers[0]!.env.map(({ name }) => name);
    expect(job).toMatchObject({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { namespace: 'training', labels: { 'app.kubernetes.io/managed-by': 'flywheel' } },
      spec: {
        backoffLimit: 0,
        activeDeadlineSeconds: 86_400,
        ttlSecondsAfterFinished: 3_600,
        template: {
          spec: {
            restartPolicy: 'Never',
            automountServiceAccountToken: false,
            containers: [
              {
                image: 'registry.example/trainer:1',
                resources: { limits: { cpu: '2', memory: '8Gi' } },
                securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
              },
            ],
          },
        },
      },
    });
    expect(env).toEqual(['FLYWHEEL_SNAPSHOT_URI', 'FLYWHEEL_MODEL_URIS', 'FLYWHEEL_SEED', 'FLYWHEEL_TASK']);
  });

  it('is refused for good by exit code 3, and tried three times for any other', async () => {
    cluster.program = `console.error('not these'); process.exitCode = 3;`;
    expect(await endOfRun(client, await order())).toMatchObject({ status: 'refused', error: 'not these' });
    cluster.program = `console.error('out of luck'); process.exitCode = 1;`;
    expect(await endOfRun(client, await order())).toMatchObject({ status: 'failed', attempt: 3, error: 'out of luck' });
  });

  it('fails when the Job says it succeeded and left nothing', async () => {
    cluster.program = '';
    const error = 'the Job succeeded and left no report.json';
    expect(await endOfRun(client, await order())).toMatchObject({ status: 'failed', error });
  });

  it('is removed from the cluster when the run is cancelled', async () => {
    cluster.program = 'setInterval(() => undefined, 1000);';
    const id = await order();
    await expect.poll(() => cluster.running, { timeout: 20_000 }).toBe(1);
    await client.delete(`/v1/runs/${id}`).expect(200);
    expect(await endOfRun(client, id)).toMatchObject({ status: 'cancelled' });
    expect(cluster.running).toBe(0);
  });
});
