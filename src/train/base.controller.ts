import { Body, Controller, Delete, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { Needs, ProjectId } from '../platform/http/auth.js';
import { ApiJsonBody } from '../platform/http/openapi.js';
import { BaseOrder } from './base.schema.js';
import { BaseService } from './base.service.js';

@ApiTags('train')
@ApiBearerAuth()
@Controller('v1')
export class BaseController {
  constructor(private readonly bases: BaseService) {}

  @Post('models')
  @Needs('admin')
  @ApiOperation({ summary: 'Bring a pre-trained TensorFlow.js model: later runs train on its activations' })
  @ApiJsonBody(BaseOrder)
  bring(@ProjectId() projectId: string, @Body({ schema: BaseOrder }) order: z.infer<typeof BaseOrder>) {
    return this.bases.bring(projectId, order);
  }

  @Get('bases')
  @Needs('read')
  @ApiOperation({ summary: 'Models that were brought, the one in use first' })
  list(@ProjectId() projectId: string) {
    return this.bases.list(projectId);
  }

  @Delete('bases/:id')
  @HttpCode(204)
  @Needs('admin')
  @ApiOperation({ summary: 'Train on it no more; models that stand on it go on serving' })
  retire(@ProjectId() projectId: string, @Param('id') id: string): Promise<void> {
    return this.bases.retire(projectId, id);
  }
}
