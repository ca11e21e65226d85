import { describe, expect, it } from 'vitest';
import { LoopError } from '../../core/errors.js';
import { toProblem } from './problem.js';

const coded = (code: string, message = 'no') => Object.assign(new Error(message), { code });
const prisma = (code: string, originalCode?: string) =>
  Object.assign(coded(code), { meta: { driverAdapterError: { cause: { originalCode } } } });

describe('what a caller sees of an error', () => {
  it.each([
    ['a socket that is refused', coded('ECONNREFUSED')],
    ['a database that starts', coded('57P03')],
    ['a transaction given up in a deadlock', coded('40P01')],
    ['a connection that ended', new Error('Connection terminated unexpectedly')],
    ['the same inside of Prisma', new Error('Invalid `prisma.x()` invocation: Connection terminated unexpectedly')],
    ['no database for Prisma', prisma('P1001')],
    ['a database that starts, through Prisma', prisma('P2039', '57P03')],
  ])('%s is 503: it comes back by itself', (_, error) =>
    expect(toProblem(error)).toMatchObject({ status: 503, code: 'unavailable' }),
  );

  it.each([
    ['a wrong statement', coded('42703')],
    ['the same through Prisma', prisma('P2039', '42703')],
    ['a mistake of ours', new TypeError('x is undefined')],
  ])('%s is 500 and shows nothing of itself', (_, error) => {
    const problem = toProblem(error);
    expect(problem).toMatchObject({ status: 500, code: 'internal' });
    expect(JSON.stringify(problem)).not.toContain(error.message === 'no' ? '42703' : error.message);
  });

  it('an expected failure is its code with its fields', () => {
    const errors = [{ pointer: '/a', detail: 'is missing' }];
    expect(toProblem(new LoopError('invalid-request', 'Wrong: /a.', errors), '/v1/x')).toEqual({
      type: '/problems/invalid-request',
      title: 'The request is readable but wrong',
      status: 422,
      detail: 'Wrong: /a.',
      code: 'invalid-request',
      instance: '/v1/x',
      errors,
    });
  });
});
