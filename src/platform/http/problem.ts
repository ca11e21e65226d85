import { HttpException } from '@nestjs/common';
import { FAILURES, type FailureCode, type FieldError, LoopError } from '../../core/errors.js';

/** RFC 9457 problem document. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: FailureCode;
  readonly instance?: string;
  readonly errors?: readonly FieldError[];
}

/** What Fastify and Nest throw by themselves, by status. */
const CODE_OF_STATUS: Readonly<Record<number, FailureCode>> = {
  400: 'malformed-request',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not-found',
  405: 'method-not-allowed',
  413: 'too-large',
  415: 'unsupported-media-type',
  422: 'invalid-request',
  503: 'unavailable',
};

/**
 * Postgres and sockets that are gone, and transactions given up: SQLSTATE classes 08, 40, 53 and 57P, codes of Prisma
 * (P10.., no connection to be had, a write conflict) and of Node.
 */
const GONE = /^(08\w{3}|40\w{3}|53\w{3}|57P\d{2}|P10\d{2}|P2024|P2034|ECONN\w+|EPIPE|ETIMEDOUT)$/;
/** What is read from the object store and is not what was written: its gzip does not end well. */
const DAMAGED = /^Z_(DATA|BUF)_ERROR$/;
/** What the driver throws without a code when a connection ends under it. */
const ENDED =
  /Query read timeout|Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect/;

/** Whether a part that comes back by itself was away. Prisma puts the driver's error into its own. */
function isGone(error: unknown): boolean {
  const { code, message, meta, name, $fault } = error as Partial<FailedPart>;
  const inner = meta?.driverAdapterError?.cause;
  const isStore = $fault === 'server' || name === 'NoSuchKey' || name === 'TimeoutError';
  return (
    isStore ||
    DAMAGED.test(String(code)) ||
    GONE.test(String(code)) ||
    GONE.test(String(inner?.originalCode)) ||
    ENDED.test(String(message))
  );
}

/** What errors of Postgres, Prisma, sockets and S3 may have. */
interface FailedPart extends Error {
  readonly code: unknown;
  readonly meta: DriverMeta;
  /** Whose fault it was, in the words of the object store's client. */
  readonly $fault: string;
}

interface DriverMeta {
  readonly driverAdapterError?: { readonly cause?: { readonly originalCode?: unknown } };
}

/** The document a caller sees. An unknown error shows nothing of itself. */
export function toProblem(error: unknown, instance?: string): Problem {
  if (error instanceof LoopError) return problem(error.code, error.message, { errors: error.errors, instance });
  const status = error instanceof HttpException ? error.getStatus() : statusOf(error);
  const code = CODE_OF_STATUS[status];
  if (code) return problem(code, (error as Error).message, { instance });
  if (isGone(error)) {
    return problem('unavailable', 'A part the service needs does not answer; try again shortly.', { instance });
  }
  return problem('internal', 'The log says more under the time of this answer.', { instance });
}

export function problem(
  code: FailureCode,
  detail: string,
  { errors = [], instance }: { errors?: readonly FieldError[]; instance?: string } = {},
): Problem {
  const { status, title } = FAILURES[code];
  return {
    type: `/problems/${code}`,
    title,
    status,
    detail,
    code,
    ...(instance === undefined ? {} : { instance }),
    ...(errors.length > 0 ? { errors } : {}),
  };
}

const statusOf = (error: unknown): number => Number((error as { statusCode?: unknown }).statusCode ?? 500);
