import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { type Caller, CurrentCaller, Needs, ProjectId } from '../platform/http/auth.js';
import { ApiJsonBody, ApiQueryOf, ApiVersionParam } from '../platform/http/openapi.js';
import { PageByNumber } from '../platform/http/page.js';
import { PromoteOrder, RollbackOrder, VersionParam } from './promote.schema.js';
import { PromoteService } from './promote.service.js';

@ApiTags('promote')
@ApiBearerAuth()
@Controller('v1/models')
export class PromoteController {
  constructor(private readonly promotion: PromoteService) {}

  @Get()
  @Needs('read')
  @ApiOperation({ summary: 'Model versions, newest first' })
  @ApiQueryOf(PageByNumber)
  list(@ProjectId() projectId: string, @Query({ schema: PageByNumber }) page: z.infer<typeof PageByNumber>) {
    return this.promotion.list(projectId, page);
  }

  @Get(':version')
  @Needs('read')
  @ApiVersionParam()
  @ApiOperation({ summary: 'One model version: lineage, evaluation, decisions' })
  read(@ProjectId() projectId: string, @Param('version', { schema: VersionParam }) version: number) {
    return this.promotion.read(projectId, version);
  }

  @Post('rollback')
  @HttpCode(200)
  @Needs('admin')
  @ApiOperation({ summary: 'Back to the version that served before' })
  @ApiJsonBody(RollbackOrder)
  rollback(@CurrentCaller() caller: Caller, @Body({ schema: RollbackOrder }) order: z.infer<typeof RollbackOrder>) {
    const reason = order?.reason ?? 'rolled back by hand';
    return this.promotion.rollback(caller.projectId!, { reason, actor: caller.keyName });
  }

  @Post(':version/promote')
  @HttpCode(200)
  @Needs('admin')
  @ApiVersionParam()
  @ApiOperation({ summary: 'Put a version in service by hand' })
  @ApiJsonBody(PromoteOrder)
  promote(
    @CurrentCaller() caller: Caller,
    @Param('version', { schema: VersionParam }) version: number,
    @Body({ schema: PromoteOrder }) order: z.infer<typeof PromoteOrder>,
  ) {
    return this.promotion.promote(caller.projectId!, version, { reason: order?.reason, actor: caller.keyName });
  }
}
