import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { LoopError } from '../../core/errors.js';
import type { Config } from '../config.js';
import { CONFIG } from '../tokens.js';
import type { Caller } from './auth.js';

const WINDOW_SECONDS = 60;

/**
 * Requests a minute of each key, with the fields of draft-ietf-httpapi-ratelimit-headers; 429 beyond. A key's own limit goes before
 * that of the configuration. Each process counts for itself. Comes after the guard that knows the caller.
 */
@Injectable()
export class RateGuard implements CanActivate {
  /** One limiter a limit: keys with the same limit share it and are counted apart. */
  private readonly limiters = new Map<number, RateLimiterMemory>();

  constructor(@Inject(CONFIG) private readonly config: Config) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const { caller } = context.switchToHttp().getRequest<FastifyRequest & { caller?: Caller }>();
    const limit = caller?.requestsAMinute ?? this.config.RATE_LIMIT;
    if (!caller || limit === 0) return true;
    return this.requireWithin(limit, caller, context.switchToHttp().getResponse<FastifyReply>());
  }

  private async requireWithin(limit: number, { keyId }: Caller, reply: FastifyReply): Promise<true> {
    const standing = await this.count(keyId, limit);
    const seconds = Math.ceil(standing.msBeforeNext / 1000);
    void reply.header('ratelimit-policy', `"key";q=${limit};w=${WINDOW_SECONDS}`);
    void reply.header('ratelimit', `"key";r=${standing.remainingPoints};t=${seconds}`);
    if (standing.consumedPoints <= limit) return true;
    void reply.header('retry-after', String(Math.max(1, seconds)));
    throw new LoopError('rate-limited', `This key may make ${limit} requests a minute.`);
  }

  /** The limiter throws its answer when it is a no. */
  private async count(keyId: string, limit: number): Promise<RateLimiterRes> {
    try {
      return await this.limiterOf(limit).consume(keyId);
    } catch (standing) {
      if (standing instanceof RateLimiterRes) return standing;
      throw standing;
    }
  }

  private limiterOf(points: number): RateLimiterMemory {
    const limiter = this.limiters.get(points) ?? new RateLimiterMemory({ points, duration: WINDOW_SECONDS });
    this.limiters.set(points, limiter);
    return limiter;
  }
}
