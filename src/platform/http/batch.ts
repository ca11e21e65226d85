import type { FastifyReply, FastifyRequest } from 'fastify';
import { idFrom } from '../../core/ids.js';
import { LIMITS } from '../../core/limits.js';
import type { Outcome } from '../../core/outcome.js';
import { Unreadable } from '../../core/outcome.js';
import { NdjsonBody } from './body.js';
import { idempotencyKeyOf } from './idempotency.js';
import { problem } from './problem.js';
import { invalid } from '../validation.js';

/** The items of a request body, and how the answer is to be shaped. */
export interface PostedItems {
  readonly items: readonly unknown[];
  readonly shape: 'single' | 'batch' | 'lines';
}

/**
 * One object, `{"items": [...]}`, or NDJSON. With an Idempotency-Key, items without an id get one made of the key, so
 * that a repeated request posts the same items. Throws `invalid-request` for an empty or too long batch.
 */
export function postedItems(request: FastifyRequest): PostedItems {
  const posted = itemsOf(request.body);
  const idempotencyKey = idempotencyKeyOf(request);
  if (idempotencyKey === undefined) return posted;
  const withId = (item: unknown, i: number): unknown =>
    typeof item !== 'object' || item === null || item instanceof Unreadable || 'id' in item
      ? item
      : { ...item, id: idFrom(`item ${i} of ${idempotencyKey}`) };
  return { ...posted, items: posted.items.map(withId) };
}

function itemsOf(body: unknown): PostedItems {
  if (body instanceof NdjsonBody) {
    return bounded(
      body.lines.map((line) => ('error' in line ? new Unreadable(line.error) : line.value)),
      'lines',
    );
  }
  if (typeof body !== 'object' || body === null) throw invalid([{ pointer: '', detail: 'must be an object' }]);
  if (!('items' in body)) return { items: [body], shape: 'single' };
  const { items, ...rest } = body;
  if (!Array.isArray(items)) throw invalid([{ pointer: '/items', detail: 'must be an array' }]);
  const unknown = Object.keys(rest).map((key) => ({ pointer: `/${key}`, detail: 'is not a known field' }));
  if (unknown.length > 0) throw invalid(unknown);
  return bounded(items, 'batch');
}

function bounded(items: readonly unknown[], shape: 'batch' | 'lines'): PostedItems {
  const pointer = shape === 'batch' ? '/items' : '';
  if (items.length === 0) throw invalid([{ pointer, detail: 'holds no item' }]);
  if (items.length > LIMITS.items) throw invalid([{ pointer, detail: `holds more than ${LIMITS.items} items` }]);
  return { items, shape };
}

/** Sends 202, 207 (mixed), 409 or 422 as the contract says, with each item's true outcome. */
export function sendOutcomes(reply: FastifyReply, outcomes: readonly Outcome[], { shape }: PostedItems): void {
  if (shape === 'single') return sendSingle(reply, outcomes[0]!);
  const results = outcomes.map((outcome, index) => resultOf(outcome, pointerOf(shape, index), index));
  const accepted = outcomes.filter(({ status }) => status === 'accepted' || status === 'duplicate').length;
  if (accepted > 0) {
    void reply.status(accepted === outcomes.length ? 202 : 207).send({ results });
    return;
  }
  const errors = outcomes.flatMap((outcome, index) => errorsOf(outcome, pointerOf(shape, index)));
  const document = problem('invalid-request', 'None of the items was accepted.', { errors: errors.slice(0, 100) });
  void reply
    .status(422)
    .type('application/problem+json')
    .send({ ...document, results });
}

function sendSingle(reply: FastifyReply, outcome: Outcome): void {
  if (outcome.status === 'rejected') throw invalid(outcome.errors);
  if (outcome.status !== 'conflict') {
    void reply.status(202).send(outcome);
    return;
  }
  const detail = 'This id was accepted before with another body; the first stands, this one is kept as a conflict.';
  void reply
    .status(409)
    .type('application/problem+json')
    .send({ ...problem('conflict', detail), ...outcome, status: 409 });
}

const pointerOf = (shape: 'batch' | 'lines', index: number): string =>
  shape === 'batch' ? `/items/${index}` : `/${index}`;

function resultOf(outcome: Outcome, pointer: string, index: number): object {
  if (outcome.status !== 'rejected') return outcome;
  return {
    index,
    status: 'rejected',
    problem: problem('invalid-request', 'This item is wrong.', { errors: errorsOf(outcome, pointer) }),
  };
}

function errorsOf(outcome: Outcome, prefix: string): { pointer: string; detail: string }[] {
  if (outcome.status !== 'rejected') return [];
  return outcome.errors.map(({ pointer, detail }) => ({ pointer: prefix + pointer, detail }));
}
