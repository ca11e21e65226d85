import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { FastifyAdapter } from '@bull-board/fastify';
import { fastifyStatic } from '@fastify/static';
import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { JOBS } from '../jobs.js';
import { cookieOf, isFromOwnPage, SESSION_COOKIES } from '../platform/http/auth.js';
import { JobQueue } from '../platform/queue/job-queue.js';
import { KeyService } from './key.service.js';

const CONSOLE = fileURLToPath(new URL('../../dist-console', import.meta.url));
/** The client for pages and programs. */
const CLIENT = fileURLToPath(new URL('../../dist-client', import.meta.url));
const BOARD = '/queues';

/** What a page of the console may load: its own files, and the pictures of samples, which it builds itself. */
const CONTENT_SECURITY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

/** Built files carry their hash in their name and may be kept for ever; the pages that name them may not. */
function setHeaders(reply: FastifyReply, path: string): void {
  const isHashed = path.includes('/assets/');
  void reply.header('cache-control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache');
  void reply.header('content-security-policy', CONTENT_SECURITY);
  // By its ending alone it would be a film.
  if (path.endsWith('.d.ts')) void reply.type('text/plain; charset=utf-8');
}

/** What is no API: the console at /, the client at /client.js, and the queue dashboard behind an operator's login. */
@Injectable()
export class PagesService implements OnModuleInit {
  private readonly log = new Logger(PagesService.name);

  constructor(
    private readonly http: HttpAdapterHost,
    private readonly jobs: JobQueue,
    private readonly keys: KeyService,
  ) {}

  /** Registered and not awaited: awaiting would start Fastify before Nest has given it its routes and error handler. */
  onModuleInit(): void {
    const fastify = this.http.httpAdapter.getInstance<FastifyInstance>();
    this.serveBoard(fastify);
    this.serveBuilt(fastify, CONSOLE);
    this.serveBuilt(fastify, CLIENT);
  }

  private serveBuilt(fastify: FastifyInstance, root: string): void {
    if (!existsSync(root)) return this.log.warn(`${root} is not built; npm run prepare:all makes it.`);
    const asBuilt = { wildcard: false, cacheControl: false, decorateReply: false } as const;
    void fastify.register(fastifyStatic, { root, ...asBuilt, setHeaders });
  }

  private serveBoard(fastify: FastifyInstance): void {
    const serverAdapter = new FastifyAdapter().setBasePath(BOARD);
    const queues = JOBS.map((job) => new BullMQAdapter(this.jobs.queue(job)));
    createBullBoard({ queues, serverAdapter, options: { uiConfig: { boardTitle: 'Flywheel queues' } } });
    void fastify.register((scope, _options, done) => {
      scope.addHook('onRequest', (request, reply) => this.requireOperator(request, reply));
      // The board would fetch a typeface from the internet.
      scope.addHook(
        'onSend',
        async (_request, reply) => void reply.header('content-security-policy', CONTENT_SECURITY),
      );
      void scope.register(serverAdapter.registerPlugin(), { prefix: BOARD });
      done();
    });
  }

  private async requireOperator(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const token = cookieOf(request, SESSION_COOKIES.operator);
    const caller = token === undefined ? undefined : await this.keys.findSession(token);
    if (caller?.projectId === null && isFromOwnPage(request)) return;
    await reply.redirect(`/login.html?next=${encodeURIComponent(BOARD)}`);
  }
}
