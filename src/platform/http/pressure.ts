import type { FastifyInstance, FastifyRequest } from 'fastify';
import { LoopError } from '../../core/errors.js';

/** How long requests of a key are refused unread, once one of them was too many. */
const BREATH_MS = 250;
/** Keys remembered; beyond, all are forgotten, which only costs reading some requests in vain. */
const MOST_KEYS = 10_000;

/**
 * Refuses cheaply. Reading and checking a batch only to say that too much is waiting costs nearly as much as taking it,
 * so that a flood would leave little for what can be taken: for a moment after such an answer, requests with the same
 * key are refused before their body is read. A process that is closing refuses everybody, to be asked elsewhere.
 */
export function registerPressure(fastify: FastifyInstance): void {
  const breathing = new Map<string, number>();
  let isClosing = false;

  fastify.addHook('onRequest', (request, _, done) => {
    if (isClosing) return done(new LoopError('unavailable', 'This process is closing; try again.'));
    const isBreathing = request.method === 'POST' && (breathing.get(keyOf(request)) ?? 0) > Date.now();
    done(isBreathing ? tooMuch() : undefined);
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

const tooMuch = (): LoopError => new LoopError('overloaded', 'Too many items wait to be committed; try again shortly.');
