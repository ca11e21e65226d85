import { type ArgumentsHost, Catch, type ExceptionFilter, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { LoopError } from '../../core/errors.js';
import { AnsweredBefore } from './idempotency.js';
import { toProblem } from './problem.js';

/** Every error of every route leaves as a problem document; what the caller may not see goes to the log. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly log = new Logger('http');

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    if (error instanceof AnsweredBefore) {
      const { status, contentType, body } = error.answer;
      void reply.status(status).type(contentType).header('idempotency-replayed', 'true').send(body);
      return;
    }
    const document = toProblem(error, request.url.split('?')[0]);
    if (document.status >= 500) {
      const facts = error instanceof LoopError ? error.facts : {};
      this.log.error({ msg: `${request.method} ${document.instance} failed`, err: error, ...facts });
    }
    if (document.status === 503 || document.code === 'idempotency-at-work') void reply.header('retry-after', '1');
    if (document.status === 401) void reply.header('www-authenticate', 'Bearer');
    void reply.status(document.status).type('application/problem+json').send(document);
  }
}
