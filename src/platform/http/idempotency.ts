import { type CanActivate, createParamDecorator, type ExecutionContext, Injectable, Logger } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { LoopError } from '../../core/errors.js';
import { canonicalJson, sha256 } from '../../core/ids.js';
import type { Caller } from './auth.js';

/** An answer that was given to a request before. */
export interface RememberedAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** What is known of a key: nothing yet (`begun` now), an answer, still at work, or another request. */
export type Remembered = 'begun' | 'at work' | 'another request' | RememberedAnswer;

/** Remembers requests by their Idempotency-Key for a day. The ops stage provides it. */
export abstract class RequestMemory {
  abstract begin(request: { projectId: string; key: string; fingerprint: string }): Promise<Remembered>;
  abstract finish(request: { projectId: string; key: string }, answer: RememberedAnswer): Promise<void>;
  /** The request had no lasting answer: it may be made again. */
  abstract forget(request: { projectId: string; key: string }): Promise<void>;
}

/** Thrown to give a remembered answer once more, past everything that would make a new one. */
export class AnsweredBefore extends Error {
  constructor(readonly answer: RememberedAnswer) {
    super('answered before');
  }
}

const HEADER = 'idempotency-key';
const LONGEST_KEY = 255;

type Remembering = FastifyRequest & { caller?: Caller; remembered?: { projectId: string; key: string } };

/** The request's key; a string of structured fields ("...") and a bare word are the same. */
export function idempotencyKeyOf({ headers, method }: FastifyRequest): string | undefined {
  const given = headers[HEADER];
  if (given === undefined || method !== 'POST') return undefined;
  const key = /^"(.*)"$/.exec(String(given))?.[1] ?? String(given);
  if (/^[\x21-\x7e]+$/.test(key) && key.length <= LONGEST_KEY) return key;
  throw new LoopError('malformed-request', `Idempotency-Key must be 1 to ${LONGEST_KEY} printable characters.`);
}

/** The key of the request, for a handler that makes ids of it. */
export const IdempotencyKey = createParamDecorator((_: unknown, context: ExecutionContext): string | undefined =>
  idempotencyKeyOf(context.switchToHttp().getRequest<FastifyRequest>()),
);

/**
 * Idempotency-Key on every POST, as draft-ietf-httpapi-idempotency-key-header says: 400, 409, 422, or the first answer
 * again. A guard behind the one that knows the caller: an interceptor would put its hands on streams as well.
 */
@Injectable()
export class IdempotencyGuard implements CanActivate {
  constructor(private readonly memory: RequestMemory) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const request = context.switchToHttp().getRequest<Remembering>();
    const key = idempotencyKeyOf(request);
    const projectId = request.caller?.projectId;
    return key === undefined || !projectId ? true : this.begin(request, { projectId, key });
  }

  private async begin(request: Remembering, { projectId, key }: { projectId: string; key: string }): Promise<true> {
    const fingerprint = sha256(`${request.url} ${canonicalJson(request.body ?? null)}`);
    const found = await this.memory.begin({ projectId, key, fingerprint });
    if (found === 'at work')
      throw new LoopError('idempotency-at-work', 'A request with this Idempotency-Key is still at work.');
    if (found === 'another request')
      throw new LoopError('idempotency-mismatch', 'This Idempotency-Key was used for another request.');
    if (found !== 'begun') throw new AnsweredBefore(found);
    request.remembered = { projectId, key };
    return true;
  }
}

/** Keeps the answer of each remembered request; one that says "try again" is no answer to keep. */
export function registerIdempotency(fastify: FastifyInstance, memory: RequestMemory): void {
  const log = new Logger('idempotency');
  fastify.addHook('onSend', (request: FastifyRequest, reply: FastifyReply, payload: unknown, done) => {
    const { remembered } = request as Remembering;
    if (!remembered) return done(null, payload);
    const isLasting = reply.statusCode < 500 && reply.statusCode !== 429 && typeof payload === 'string';
    const contentType = String(reply.getHeader('content-type'));
    const kept = isLasting
      ? memory.finish(remembered, { status: reply.statusCode, contentType, body: payload })
      : memory.forget(remembered);
    // The work is committed. Without this row a retry does it again, under the same ids, and so to no effect.
    void kept
      .catch((error: Error) => log.warn(`an answer was not kept: ${error.message}`))
      .then(() => done(null, payload));
  });
}
