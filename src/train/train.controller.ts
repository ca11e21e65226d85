import { Body, Controller, Delete, Get, HttpCode, type MessageEvent, Param, Post, Query, Sse } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { distinctUntilChanged, from, map, type Observable, switchMap, takeWhile, timer } from 'rxjs';
import type { z } from 'zod';
import { type Caller, CurrentCaller, Needs, ProjectId } from '../platform/http/auth.js';
import { IdempotencyKey } from '../platform/http/idempotency.js';
import { ApiJsonBody, ApiQueryOf } from '../platform/http/openapi.js';
import { PageByTime } from '../platform/http/page.js';
import { RunOrder } from './train.schema.js';
import { TrainService } from './train.service.js';

@ApiTags('train')
@ApiBearerAuth()
@Controller('v1/runs')
export class TrainController {
  constructor(private readonly training: TrainService) {}

  @Post()
  @HttpCode(202)
  @Needs('admin')
  @ApiOperation({ summary: 'Train now' })
  @ApiJsonBody(RunOrder)
  order(
    @ProjectId() projectId: string,
    @IdempotencyKey() key: string | undefined,
    @Body({ schema: RunOrder }) order: z.infer<typeof RunOrder>,
  ) {
    return this.training.order(projectId, order ?? {}, key);
  }

  @Get()
  @Needs('read')
  @ApiOperation({ summary: 'Training runs, newest first' })
  @ApiQueryOf(PageByTime)
  list(@ProjectId() projectId: string, @Query({ schema: PageByTime }) page: z.infer<typeof PageByTime>) {
    return this.training.list(projectId, page);
  }

  @Get(':id')
  @Needs('read')
  @ApiOperation({ summary: 'One run: status, progress, decision' })
  read(@ProjectId() projectId: string, @Param('id') id: string) {
    return this.training.read(projectId, id);
  }

  @Sse(':id/events')
  @Needs('read')
  @ApiOperation({ summary: 'Server-sent events: the run, whenever it changes, until it has ended' })
  async events(@ProjectId() projectId: string, @Param('id') id: string): Promise<Observable<MessageEvent>> {
    await this.training.read(projectId, id);
    return timer(0, 500).pipe(
      switchMap(() => from(this.training.read(projectId, id))),
      distinctUntilChanged((a, b) => JSON.stringify(a) === JSON.stringify(b)),
      takeWhile(({ status }) => status === 'queued' || status === 'running', true),
      map((data) => ({ data })),
    );
  }

  @Delete(':id')
  @Needs('admin')
  @ApiOperation({ summary: 'Cancel' })
  cancel(@CurrentCaller() caller: Caller, @Param('id') id: string) {
    return this.training.cancel(caller.projectId!, id, caller.keyName);
  }
}
