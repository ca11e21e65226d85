import { fileURLToPath } from 'node:url';
import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { FastifyInstance } from 'fastify';
import { Registry } from 'prom-client';
import { AppModule } from './app.module.js';
import { LoopError } from './core/errors.js';
import { LIMIT_LINES, LIMITS } from './core/limits.js';
import { ProjectService } from './ops/project.service.js';
import type { Config } from './platform/config.js';
import { Database } from './platform/database/database.js';
import { migrate } from './platform/database/migrate.js';
import { type Infrastructure, openInfrastructure } from './platform/embedded/infrastructure.js';
import { registerBodyParsers } from './platform/http/body.js';
import { openToOrigins } from './platform/http/cross-origin.js';
import { registerIdempotency, RequestMemory } from './platform/http/idempotency.js';
import { registerPressure } from './platform/http/pressure.js';
import { ObjectStore } from './platform/object-store/object-store.js';
import type { Platform } from './platform/platform.module.js';
import { prepareQueueBackend } from './platform/queue/queue.module.js';
import { PinoLogger } from './platform/telemetry/logger.js';
import { registerHttpTelemetry, requestId } from './platform/telemetry/http-telemetry.js';
import { CODE_VERSION } from './platform/version.js';
import { within } from './platform/within.js';

const MIGRATIONS = fileURLToPath(new URL('../prisma/migrations', import.meta.url));
/** What a process answers that has not the role of an API. */
const WITHOUT_API = /^\/(health\/|metrics)/;

/** A client that needs longer for its headers or its request is hung up on. */
const SLOWEST_MS = { headers: 10_000, request: 25_000, look: 5_000 };

/**
 * Work that is not done so long after the end was asked for is left: whatever stops at any moment is begun again by another
 * process. An orchestrator kills after half a minute, and what is closed after it takes a few seconds.
 */
const CLOSING_MS = { application: 18_000, connections: 2_000 };

const ABOUT = `Post what your model predicted and what users corrected; get a better model back.

| limit | |
|---|---|
${LIMIT_LINES}`;

/** A running Flywheel. */
export interface Flywheel {
  readonly url: string;
  readonly app: NestFastifyApplication;
  readonly infrastructure: Infrastructure;
  /** Ends in order: no new requests, the work at hand, the connections, the embedded servers. */
  close(): Promise<void>;
}

/** A Flywheel whose parts are there and which does nothing yet. */
export type Assembled = Omit<Flywheel, 'url'>;

interface AssembleOptions {
  readonly open: typeof openInfrastructure;
  /** Whether the database is brought up to date first. */
  readonly migrates: boolean;
}

/** Opens the parts and puts the application together. `onLost` hears when a part ends for good. */
export async function assemble(
  config: Config,
  onLost: (reason: string) => void,
  { open, migrates }: AssembleOptions = { open: openInfrastructure, migrates: true },
): Promise<Assembled> {
  const infrastructure = await open(config, onLost);
  const { databaseUrl } = infrastructure;
  const closing: (() => Promise<void> | void)[] = [() => infrastructure.close()];
  const close = async () => {
    for (const end of closing.splice(0).reverse()) await end();
  };
  try {
    if (migrates) await migrate(databaseUrl, MIGRATIONS);
    await prepareQueueBackend({ redisUrl: config.REDIS_URL, databaseUrl });
    const objects = new ObjectStore(infrastructure.objectStore);
    closing.push(() => objects.close());
    await objects.ensureBucket();
    const database = new Database(databaseUrl);
    closing.push(() => ended(CLOSING_MS.connections, database.close()));
    const app = await createApp({ config, database, databaseUrl, objects });
    closing.push(() => ended(CLOSING_MS.application, app.close()));
    return { app, infrastructure, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Resolves when it has ended, or is not waited for any more, so that what is closed after it is closed in any case. */
async function ended(ms: number, end: Promise<void>): Promise<void> {
  try {
    await within(ms, end);
  } catch (error) {
    new Logger('flywheel').warn({ msg: 'was left as it was', err: error });
  }
}

/** Starts what is missing and serves. `onLost` hears when a part ends for good. */
export async function startFlywheel(config: Config, onLost: (reason: string) => void): Promise<Flywheel> {
  const assembled = await assemble(config, onLost);
  const { app, infrastructure } = assembled;
  try {
    await app.init();
    await app.get(ProjectService).ensureDefault(infrastructure.firstKeys);
    await app.listen({ port: config.PORT, host: config.HOST });
    return { ...assembled, url: urlOf(app, config.HOST) };
  } catch (error) {
    await assembled.close();
    throw error;
  }
}

/** The application over a platform, not yet started. */
async function createApp(platform: Platform): Promise<NestFastifyApplication> {
  const { config } = platform;
  const adapter = new FastifyAdapter({
    bodyLimit: LIMITS.bodyBytes,
    return503OnClosing: false,
    requestTimeout: SLOWEST_MS.request,
    // Node looks for slow clients this often, half a minute by default.
    http: { connectionsCheckingInterval: SLOWEST_MS.look },
    genReqId: requestId,
    forceCloseConnections: 'idle',
  });
  const logger = new PinoLogger(config.LOG_LEVEL);
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.with(platform), adapter, {
    logger,
    bodyParser: false,
  });
  const fastify = app.getHttpAdapter().getInstance() as unknown as FastifyInstance;
  fastify.server.headersTimeout = SLOWEST_MS.headers;
  registerBodyParsers(fastify);
  registerHttpTelemetry(fastify, app.get(Registry));
  registerSafety(fastify, config);
  openToOrigins(app, config.CORS_ORIGINS);
  // After it, so that such a page may read a refusal too.
  fastify.after(() => registerPressure(fastify));
  registerIdempotency(fastify, app.get(RequestMemory));
  serveDocs(app);
  return app;
}

function registerSafety(fastify: FastifyInstance, config: Config): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.headers({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
    });
    if (!config.ROLE.includes('api') && !WITHOUT_API.test(request.url)) void reply.callNotFound();
    done(/%00/.test(request.url) ? new LoopError('invalid-request', 'The address holds a NUL.') : undefined);
  });
}

function serveDocs(app: NestFastifyApplication): void {
  const about = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Flywheel')
    .setDescription(ABOUT)
    .setVersion(CODE_VERSION)
    .addBearerAuth()
    .build();
  SwaggerModule.setup('docs', app, () => SwaggerModule.createDocument(app, about), { jsonDocumentUrl: 'openapi.json' });
}

function urlOf(app: NestFastifyApplication, host: string): string {
  const { port } = app.getHttpServer().address() as { port: number };
  return `http://${host === '0.0.0.0' || host === '::' ? 'localhost' : host}:${port}`;
}
