import { type CanActivate, createParamDecorator, type ExecutionContext, Injectable, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { LoopError } from '../../core/errors.js';

export const SCOPES = ['ingest', 'read', 'review', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

/** Who asks: a key of one project, or (no project) an operator's key. */
export interface Caller {
  readonly keyId: string;
  readonly keyName: string;
  readonly projectId: string | null;
  readonly scopes: readonly Scope[];
}

/** Knows the keys. The ops stage provides it. */
export abstract class KeyDirectory {
  abstract find(key: string): Promise<Caller | undefined>;
}

const NEEDS = 'flywheel:needs';

/** The scope a route needs; `operator` is a key that belongs to no project; `nobody` is open to all. */
export const Needs = (need: Scope | 'operator' | 'nobody') => SetMetadata(NEEDS, need);

/** The caller's project: the only one that the handler may touch. */
export const ProjectId = createParamDecorator(
  (_: unknown, context: ExecutionContext): string => callerOf(context).projectId!,
);

export const CurrentCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller => callerOf(context));

type Authenticated = FastifyRequest & { caller?: Caller };

const callerOf = (context: ExecutionContext): Caller => context.switchToHttp().getRequest<Authenticated>().caller!;

/** Every route says what it needs; one that says nothing is closed to all. */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly keys: KeyDirectory,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const need = this.reflector.getAllAndOverride<Scope | 'operator' | 'nobody' | undefined>(NEEDS, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (need === 'nobody') return true;
    const request = context.switchToHttp().getRequest<Authenticated>();
    request.caller = await this.identify(request.headers.authorization);
    this.authorise(request.caller, need);
    return true;
  }

  private async identify(header: string | undefined): Promise<Caller> {
    const key = /^Bearer\s+(\S+)$/i.exec(header ?? '')?.[1];
    const caller = key === undefined ? undefined : await this.keys.find(key);
    if (!caller) throw new LoopError('unauthenticated', 'Send a valid key as "Authorization: Bearer <key>".');
    return caller;
  }

  private authorise({ projectId, scopes }: Caller, need: Scope | 'operator' | undefined): void {
    if (need === 'operator' && projectId === null) return;
    if (need === 'operator') throw new LoopError('forbidden', 'This needs an admin key.');
    if (projectId === null)
      throw new LoopError('forbidden', 'This needs a key of a project; an admin key belongs to none.');
    if (need === undefined || !scopes.includes(need))
      throw new LoopError('forbidden', `This key lacks the scope ${need}.`);
  }
}
