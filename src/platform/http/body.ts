import type { FastifyInstance, FastifyRequest } from 'fastify';
import { LoopError } from '../../core/errors.js';
import { LIMITS } from '../../core/limits.js';

/** Lines of an NDJSON body, each parsed or with what is wrong with it. */
export class NdjsonBody {
  constructor(readonly lines: readonly ({ value: unknown } | { error: string })[]) {}
}

/**
 * Reads JSON and NDJSON bodies. Refused with 400: bytes that are no UTF-8, text that is no JSON, `__proto__` members.
 * Refused with 422: nesting deeper than 32, NUL characters and lone surrogates (Postgres cannot store them).
 */
export function registerBodyParsers(fastify: FastifyInstance): void {
  fastify.removeContentTypeParser('application/json');
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_: FastifyRequest, body: Buffer, done) => {
    attempt(done, () => {
      const text = decodeUtf8(body);
      const value = parseJson(text);
      assertStorable(value);
      return value;
    });
  });
  fastify.addContentTypeParser(
    'application/x-ndjson',
    { parseAs: 'buffer' },
    (_: FastifyRequest, body: Buffer, done) => {
      attempt(
        done,
        () =>
          new NdjsonBody(
            decodeUtf8(body)
              .split('\n')
              .filter((line) => line.trim() !== '')
              .map(parseLine),
          ),
      );
    },
  );
}

function attempt(done: (error: Error | null, body?: unknown) => void, read: () => unknown): void {
  try {
    done(null, read());
  } catch (error) {
    done(error as Error);
  }
}

function parseLine(line: string): { value: unknown } | { error: string } {
  try {
    const value = parseJson(line);
    assertStorable(value);
    return { value };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true });

function decodeUtf8(body: Buffer): string {
  try {
    return decoder.decode(body);
  } catch {
    throw new LoopError('malformed-request', 'The body is not valid UTF-8.');
  }
}

function parseJson(text: string): unknown {
  if (text.trim() === '') throw new LoopError('malformed-request', 'The body is empty.');
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new LoopError('malformed-request', `The body is not valid JSON: ${(error as Error).message}.`);
  }
}

const UNSTORABLE = /\0|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;

/** `path` leads to the value; it becomes a pointer only when something is wrong, as most bodies are right. */
function assertStorable(value: unknown, path: string[] = []): void {
  if (path.length > LIMITS.depth) throw wrong(path, `is nested deeper than ${LIMITS.depth}`);
  if (typeof value === 'string' && UNSTORABLE.test(value)) throw wrong(path, 'holds a NUL or half of a surrogate pair');
  if (value === null || typeof value !== 'object') return;
  for (const key of Object.keys(value)) {
    if (key === '__proto__') throw new LoopError('malformed-request', 'A member may not be named __proto__.');
    if (UNSTORABLE.test(key)) throw wrong(path, 'has a member whose name holds a NUL or half of a surrogate pair');
    path.push(key);
    assertStorable((value as Readonly<Record<string, unknown>>)[key], path);
    path.pop();
  }
}

function wrong(path: readonly string[], detail: string): LoopError {
  const pointer = path.map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
  return new LoopError('invalid-request', `${pointer || 'The body'} ${detail}.`, [{ pointer, detail }]);
}
