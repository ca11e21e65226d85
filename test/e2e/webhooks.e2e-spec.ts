import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { labelledTraffic } from '../support/builders.js';
import { newProject, runNow, startTestFlywheel, type TestFlywheel } from '../support/flywheel.js';

const WEBHOOK_SECRET = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
const SETTINGS = { retrain: { minNewLabels: 1_000_000, nightlyHour: null }, promotion: { minHoldout: 5 } };

interface Told {
  readonly type: string;
  readonly timestamp: string;
  readonly data: Readonly<Record<string, unknown>>;
}

describe('another program', () => {
  const heard: { headers: IncomingHttpHeaders; body: string }[] = [];
  let [server, flywheel]: [Server | undefined, TestFlywheel | undefined] = [undefined, undefined];
  /** What it answers, one after the other; 204 when there is none. */
  const answers: number[] = [];

  beforeAll(async () => {
    server = createServer((request, response) => {
      void text(request).then((body) => {
        heard.push({ headers: request.headers, body });
        response.writeHead(answers.shift() ?? 204, { location: '/elsewhere' }).end();
      });
    });
    await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
    const WEBHOOK_URL = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
    flywheel = await startTestFlywheel({ WEBHOOK_URL, WEBHOOK_SECRET });
  });
  afterAll(async () => {
    await flywheel?.close();
    server?.close();
  });

  /** All that was heard of a project, verified as any receiver would. */
  const told = (projectId: string): Told[] =>
    heard
      .map(({ body, headers }) => new Webhook(WEBHOOK_SECRET).verify(body, headers as Record<string, string>) as Told)
      .filter(({ data }) => data.projectId === projectId);

  it('is told who serves, and why', async () => {
    const client = await newProject(flywheel!, 'told', SETTINGS);
    const { predictions, feedback } = labelledTraffic(0, 120);
    await client.post('/v1/predictions', { items: predictions }).expect(202);
    await client.post('/v1/feedback', { items: feedback }).expect(202);
    await runNow(client);
    await expect.poll(() => told('told'), { timeout: 20_000 }).toHaveLength(1);
    expect(told('told')[0]).toMatchObject({
      type: 'model.promoted',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string,
      data: {
        version: 1,
        fromVersion: null,
        kind: 'automatic',
        reason: expect.stringContaining('first model') as string,
      },
    });
    expect(() =>
      new Webhook(`whsec_${Buffer.alloc(24, 8).toString('base64')}`).verify(
        heard[0]!.body,
        heard[0]!.headers as Record<string, string>,
      ),
    ).toThrow();
  });

  it('is told again what it did not take, with the same id, and no more once it has', async () => {
    heard.length = 0;
    answers.push(500, 302);
    const client = await newProject(flywheel!, 'again', SETTINGS);
    const { id } = (await client.post('/v1/runs', {}).expect(202)).body as { id: string };
    await expect.poll(() => told('again'), { timeout: 30_000 }).toHaveLength(3);
    const ids = heard.map(({ headers }) => headers['webhook-id']);
    expect(new Set(ids)).toHaveLength(1);
    expect(told('again')).toMatchObject(Array(3).fill({ type: 'run.refused', data: { runId: id } }));
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    expect(heard).toHaveLength(3);
  });

  it('is called when somebody waits for a person, once a minute', async () => {
    heard.length = 0;
    const client = await newProject(flywheel!, 'calling', { ...SETTINGS, standInSeconds: 3 });
    const asked = Date.now();
    const ask = (question: string) => client.post('/v1/predict', { inputs: [{ text: question }] }).expect(409);
    await Promise.all([ask('is anybody there?'), ask('hello?')]);
    const [call, ...more] = told('calling');
    expect(more).toEqual([]);
    expect(call).toMatchObject({ type: 'review.waiting', data: { predictionId: expect.any(String) as string } });
    expect(call!.data.waitsUntil).toMatch(/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/);
    expect(Date.parse(String(call!.data.waitsUntil)) - asked).toBeLessThan(8_000);
  });
});
