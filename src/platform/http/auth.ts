import { type CanActivate, createParamDecorator, type ExecutionContext, Injectable, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { LoopError } from '../../core/errors.js';

/** `model` loads models and nothing else, for a page that answers by itself; who may read may that too. */
export const SCOPES = ['ingest', 'model', 'read', 'review', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

/** Who asks: a key of one project, or (no project) an operator's key. */
export interface Caller {
  readonly keyId: string;
  readonly keyName: string;
  readonly projectId: string | null;
  readonly scopes: readonly Scope[];
  /** Null where the key has no limit of its own. */
  readonly requestsAMinute: number | null;
}

/** Knows the keys. The ops stage provides it. */
export abstract class KeyDirectory {
  abstract find(key: string): Promise<Caller | undefined>;
  /** The caller of a session that a browser opened with a key. */
  abstract findSession(token: string): Promise<Caller | undefined>;
}

/** Cookies of a browser that logged in: one for a project's console, one for the operators' pages. */
export const SESSION_COOKIES = { project: 'flywheel_session', operator: 'flywheel_operator' } as const;

/** The value of a cookie; undefined when it was not sent. */
export function cookieOf(request: Pick<FastifyRequest, 'headers'>, name: string): string | undefined {
  const pairs = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim().split('='));
  return pairs.find(([key]) => key === name)?.[1];
}

/**
 * Headers of an answer that is kept so long. Addresses name no project: a cache must not give one project's to another's
 * key.
 */
export const cachedForKey = (caching: string) => ({ 'cache-control': caching, vary: 'authorization, cookie, origin' });

/**
 * Whether a browser sent the request from our own pages. A cookie comes along with whatever page makes the request, so
 * one that changes something must show where it comes from.
 */
export function isFromOwnPage({ method, headers }: Pick<FastifyRequest, 'method' | 'headers'>): boolean {
  if (method === 'GET' || method === 'HEAD') return true;
  const { origin, host } = headers;
  return origin !== undefined && URL.canParse(origin) && new URL(origin).host === host;
}

const NEEDS = 'flywheel:needs';
type Need = Scope | 'operator' | 'nobody';

/** The scope a route needs; `operator` is a key that belongs to no project; `nobody` is open to all. */
export const Needs = (need: Need) => SetMetadata(NEEDS, need);

/** The caller's project: the only one that the handler may touch. */
export const ProjectId = createParamDecorator((_: unknown, context: ExecutionContext): string =>
  projectOf(context.switchToHttp().getRequest<FastifyRequest>()),
);

export const CurrentCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller =>
  callerOf(context.switchToHttp().getRequest<FastifyRequest>()),
);

const LONGEST_CLIENT = 200;

/** Whose feedback it is: project, key, and how the client calls itself, cut to a decent length. */
export function feedbackSourceOf(request: FastifyRequest) {
  const { keyId } = callerOf(request);
  return { projectId: projectOf(request), keyId, client: request.headers['user-agent']?.slice(0, LONGEST_CLIENT) };
}

type Authenticated = FastifyRequest & { caller?: Caller };

/** Only behind the guard that knows the caller. */
const callerOf = (request: FastifyRequest): Caller => (request as Authenticated).caller!;

/** The project of the key that came with the request. */
export const projectOf = (request: FastifyRequest): string => callerOf(request).projectId!;

/** Every route says what it needs; one that says nothing is closed to all. */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly keys: KeyDirectory,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const need = this.reflector.getAllAndOverride<Need | undefined>(NEEDS, [context.getHandler(), context.getClass()]);
    if (need === 'nobody') return true;
    const request = context.switchToHttp().getRequest<Authenticated>();
    request.caller = await this.identify(request, need);
    this.authorise(request.caller, need);
    return true;
  }

  private async identify(request: FastifyRequest, need: Need | undefined): Promise<Caller> {
    const key = /^Bearer\s+(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    const caller = key === undefined ? await this.ofSession(request, need) : await this.keys.find(key);
    if (!caller) throw new LoopError('unauthenticated', 'Send a valid key as "Authorization: Bearer <key>".');
    return caller;
  }

  private async ofSession(request: FastifyRequest, need: Need | undefined): Promise<Caller | undefined> {
    const token = cookieOf(request, SESSION_COOKIES[need === 'operator' ? 'operator' : 'project']);
    return token !== undefined && isFromOwnPage(request) ? this.keys.findSession(token) : undefined;
  }

  private authorise({ projectId, scopes }: Caller, need: Exclude<Need, 'nobody'> | undefined): void {
    if (need === 'operator' && projectId === null) return;
    if (need === 'operator') throw new LoopError('forbidden', 'This needs an admin key.');
    if (projectId === null)
      throw new LoopError('forbidden', 'This needs a key of a project; an admin key belongs to none.');
    const isGranted = need !== undefined && (scopes.includes(need) || (need === 'model' && scopes.includes('read')));
    if (!isGranted) throw new LoopError('forbidden', `This key lacks the scope ${need}.`);
  }
}
