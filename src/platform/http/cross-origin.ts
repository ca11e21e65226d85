import type { NestFastifyApplication } from '@nestjs/platform-fastify';

/**
 * What a page of another origin may do: all that the key it sends may. Cookies of our own pages never come along, so a
 * visitor who is logged in to the console gives such a page nothing.
 *
 * @param origins `https://app.example.com`, or `*` for every page there is; without any, browsers refuse them all
 */
export function openToOrigins(app: NestFastifyApplication, origins: readonly string[]): void {
  if (origins.length === 0) return;
  app.enableCors({
    origin: [...origins],
    methods: ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE'],
    allowedHeaders: ['authorization', 'content-type', 'idempotency-key', 'x-request-id'],
    exposedHeaders: [
      'retry-after',
      'ratelimit',
      'ratelimit-policy',
      'idempotency-replayed',
      'x-request-id',
      'model-version',
    ],
    maxAge: 7_200,
  });
}
