import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { FAILURES } from '../../src/core/errors.js';
import { arbitraryOf, type JsonSchema, mutated } from '../support/arbitrary-json.js';
import { FAULT_SEED, IS_LONG } from '../support/fault-traffic.js';
import { ADMIN_KEY, API_KEY, startTestFlywheel, type TestFlywheel } from '../support/flywheel.js';

const RUNS = IS_LONG ? 1_000 : 25;

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly { name: string; in: string; schema?: JsonSchema }[];
  readonly body: JsonSchema | undefined;
}

interface Documented {
  readonly parameters?: Operation['parameters'];
  readonly requestBody?: { readonly content: Readonly<Record<string, { schema: JsonSchema }>> };
}

let flywheel: TestFlywheel;
let operations: Operation[];

beforeAll(async () => {
  flywheel = await startTestFlywheel();
  const response = await fetch(`${flywheel.url}/openapi.json`);
  const { paths } = (await response.json()) as { paths: Record<string, Record<string, Documented>> };
  operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters = [], requestBody }]) => ({
      method,
      path,
      parameters,
      body: requestBody?.content['application/json']?.schema,
    })),
  );
});
afterAll(() => flywheel.close());

const Problem = z.strictObject({
  type: z.string().startsWith('/problems/'),
  title: z.string().min(1),
  status: z.number(),
  detail: z.string(),
  code: z.enum(Object.keys(FAILURES) as [string, ...string[]]),
  instance: z.string().optional(),
  errors: z.array(z.strictObject({ pointer: z.string().regex(/^(\/.*)?$/s), detail: z.string().min(1) })).optional(),
});

/** Of a batch: what became of each item, beside. */
const BatchProblem = Problem.extend({ results: z.array(z.looseObject({ status: z.enum(['rejected', 'conflict']) })) });

const inAddress = (value: unknown): string =>
  encodeURIComponent(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString());

/** Values for the places of a path and for a query: of their schema, or anything at all. */
const valuesOf = (parameters: Operation['parameters'], place: string) =>
  fc.record(
    Object.fromEntries(
      parameters
        .filter((parameter) => parameter.in === place)
        .map(({ name, schema }) => [name, fc.oneof(arbitraryOf(schema ?? {}), fc.string({ minLength: 1 }))]),
    ),
    place === 'query' ? { requiredKeys: [] } : {},
  ) as fc.Arbitrary<Record<string, unknown>>;

async function send(operation: Operation, path: string, body: unknown): Promise<Response> {
  const key = operation.path.startsWith('/v1/projects') ? ADMIN_KEY : API_KEY;
  return fetch(flywheel.url + path, {
    method: operation.method.toUpperCase(),
    headers: { authorization: `Bearer ${key}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(5_000),
  });
}

/** Settings are tried before: requests would wait for people, of whom there are none. */
async function letNobodyStandIn(): Promise<void> {
  const operation = operations.find(({ method, path }) => method === 'patch' && path === '/v1/settings')!;
  const { status } = await send(operation, operation.path, { settings: { standInSeconds: 0 } });
  expect(status).toBe(200);
}

/** Below 500, in time, and a problem document that says where whenever it is a refusal. */
async function judge(operation: Operation, response: Response): Promise<void> {
  const type = response.headers.get('content-type') ?? '';
  // A stream of events goes on; its beginning is enough.
  if (type.startsWith('text/event-stream')) return void (await response.body?.cancel());
  const text = await response.text();
  expect(response.status, `${operation.method} ${response.url}: ${text}`).toBeLessThan(500);
  if (response.status < 400) return;
  expect(type).toContain('application/problem+json');
  const problem = JSON.parse(text) as object;
  ('results' in problem ? BatchProblem : Problem).parse(problem);
}

describe('every operation of the OpenAPI document', () => {
  it('has been found', () => expect(operations.length).toBeGreaterThan(30));

  it(
    'answers requests of its schema, and requests that are nearly so, and never fails',
    { timeout: RUNS * 60 * 1_000 },
    async () => {
      console.log(`fuzz: seed ${FAULT_SEED}, ${RUNS} requests for each of ${operations.length} operations`);
      const statuses: Record<number, number> = {};
      for (const operation of operations) {
        if (operation.path === '/v1/predict') await letNobodyStandIn();
        const body = operation.body
          ? fc.oneof(arbitraryOf(operation.body), mutated(arbitraryOf(operation.body)), fc.jsonValue())
          : fc.constant(undefined);
        const request = fc.tuple(valuesOf(operation.parameters, 'path'), valuesOf(operation.parameters, 'query'), body);
        await fc.assert(
          fc.asyncProperty(request, async ([places, query, posted]) => {
            const path = operation.path.replace(
              /\{(\w+)\}/g,
              (_, name: string) => inAddress(places[name] ?? 'x') || 'x',
            );
            const search = Object.entries(query).map(([name, value]) => `${inAddress(name)}=${inAddress(value)}`);
            const response = await send(operation, search.length > 0 ? `${path}?${search.join('&')}` : path, posted);
            statuses[response.status] = (statuses[response.status] ?? 0) + 1;
            await judge(operation, response);
          }),
          { numRuns: RUNS, seed: FAULT_SEED, endOnFailure: true },
        );
      }
      console.log(`fuzz: answers ${JSON.stringify(statuses)}`);
      // Neither everything refused nor everything taken.
      expect(statuses[422]).toBeGreaterThan(0);
      expect((statuses[200] ?? 0) + (statuses[202] ?? 0)).toBeGreaterThan(0);
    },
  );
});
