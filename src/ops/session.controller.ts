import { Body, Controller, Delete, Get, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { LoopError } from '../core/errors.js';
import { type Caller, CurrentCaller, Needs, SESSION_COOKIES } from '../platform/http/auth.js';
import { KeyService } from './key.service.js';

const Login = z.strictObject({ key: z.string().min(1).max(500) });

/** Browsers log in here with a key: a project's for the console, an operator's for the queues. */
@ApiExcludeController()
@Controller('session')
export class SessionController {
  constructor(private readonly keys: KeyService) {}

  @Post()
  @HttpCode(200)
  @Needs('nobody')
  async open(
    @Body({ schema: Login }) { key }: z.infer<typeof Login>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const session = await this.keys.openSession(key);
    if (!session) throw new LoopError('unauthenticated', 'This key is not known here.');
    const { token, seconds, caller } = session;
    const name = SESSION_COOKIES[caller.projectId === null ? 'operator' : 'project'];
    void reply.header('set-cookie', cookie(name, token, { seconds, isSecure: request.protocol === 'https' }));
    return shown(caller);
  }

  @Get()
  @Needs('read')
  whoAmI(@CurrentCaller() caller: Caller) {
    return shown(caller);
  }

  @Delete()
  @HttpCode(204)
  @Needs('nobody')
  close(@Res({ passthrough: true }) reply: FastifyReply): void {
    const gone = Object.values(SESSION_COOKIES).map((name) => cookie(name, '', { seconds: 0, isSecure: false }));
    void reply.header('set-cookie', gone);
  }
}

const shown = ({ projectId, keyName, scopes }: Caller) => ({ projectId, keyName, scopes });

/** Not readable by scripts, not sent from other sites. */
const cookie = (name: string, value: string, { seconds, isSecure }: { seconds: number; isSecure: boolean }): string =>
  `${name}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${seconds}${isSecure ? '; Secure' : ''}`;
