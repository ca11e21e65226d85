import type { FastifyInstance, FastifyRequest } from 'fastify';
import { LoopError } from '../../core/errors.js';
import { LIMITS } from '../../core/limits.js';

/** How long requests of a key are refused unread, once one of them was too many. */
const BREATH_MS = 250;
/** Keys remembered; beyond, all are forgotten, which only costs reading some requests in vain. */
const MOST_KEYS = 10_000;

/** Bytes of a request's body; one that does not say may have as many as any. */
function bytesOf({ headers }: FastifyRequest): number {
  if (headers['transfer-encoding'] !== undefined) return LIMITS.bodyBytes;
  return Math.min(Number(headers['content-length'] ?? 0) || 0, LIMITS.bodyBytes);
}

/**
 * Refuses cheaply. Reading and checking a batch only to say that too much is waiting costs nearly as much as taking it,
 * so that a flood would leave little for what can be taken: for a moment after such an answer, requests with the same
 * key are refused before their body is read; so are all while the bodies under way fill their share of memory. A process that is closing refuses everybody, to be asked elsewhere.
 */
export function registerPressure(fastify: FastifyInstance): void {
  const breathing = new Map<string, number>();
  let isClosing = false;
  let bytesUnderWay = 0;

  fastify.addHook('onRequest', (request, { raw }, done) => {
    if (isClosing) return done(new LoopError('unavailable', 'This process is closing; try again.'));
    if (request.method !== 'POST') return done();
    const bytes = bytesOf(request);
    const isBreathing = (breathing.get(keyOf(request)) ?? 0) > Date.now();
    if (isBreathing || bytesUnderWay + bytes > LIMITS.bodyBytesOfAll) return done(tooMuch());
    bytesUnderWay += bytes;
    // However it ends: answered, or hung up on.
    raw.once('close', () => (bytesUnderWay -= bytes));
    done();
  });

  fastify.addHook('onSend', (request, reply, payload, done) => {
    if (reply.statusCode === 503 && typeof payload === 'string' && payload.includes('"code":"overloaded"')) {
      if (breathing.size >= MOST_KEYS) breathing.clear();
      // Not prolonged by its own refusals.
      if ((breathing.get(keyOf(request)) ?? 0) < Date.now()) breathing.set(keyOf(request), Date.now() + BREATH_MS);
    }
    done(null, payload);
  });

  fastify.addHook('preClose', (done) => {
    isClosing = true;
    done();
  });
}

const keyOf = ({ headers }: FastifyRequest): string => headers.authorization ?? headers.cookie ?? '';

const tooMuch = (): LoopError => new LoopError('overloaded', 'Too much is under way; try again shortly.');
