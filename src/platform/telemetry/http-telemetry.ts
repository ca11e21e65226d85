import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Histogram, type Registry } from 'prom-client';

const log = new Logger('request');

/** Times every answer and gives it a request id. The log has the route, not the address: ids in it may be a person's. */
export function registerHttpTelemetry(fastify: FastifyInstance, registry: Registry): void {
  const histogram = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the request to the end of its answer.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers: [registry],
  });
  const seriesOf = cachedSeries(histogram);
  fastify.addHook('onRequest', (request: FastifyRequest, reply: FastifyReply, done) => {
    void reply.header('x-request-id', request.id);
    done();
  });
  fastify.addHook('onResponse', (request: FastifyRequest, reply: FastifyReply, done) => {
    const route = request.routeOptions.url ?? 'none';
    const { method, id } = request;
    const status = reply.statusCode;
    seriesOf(method, route, status).observe(reply.elapsedTime / 1000);
    log.debug({ msg: 'answered', method, route, status, ms: Math.round(reply.elapsedTime), requestId: id });
    done();
  });
}

/** Looked up by one text: finding the series of three labels costs as much as a guard. There are as many as routes and statuses. */
function cachedSeries(histogram: Histogram<'method' | 'route' | 'status'>) {
  const known = new Map<string, Histogram.Internal<'method' | 'route' | 'status'>>();
  return (method: string, route: string, status: number) => {
    const name = `${method} ${route} ${status}`;
    const series = known.get(name) ?? histogram.labels({ method, route, status });
    known.set(name, series);
    return series;
  };
}

/** A caller's own request id is taken when it is a plain word, so that a trace can go through. */
export function requestId(request: { headers: Record<string, string | string[] | undefined> }): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
}
