import { Body, Controller, Get, Param, Post, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Needs, ProjectId } from '../platform/http/auth.js';
import { postedItems, sendOutcomes } from '../platform/http/batch.js';
import { IdempotencyKey } from '../platform/http/idempotency.js';
import { ApiPostedItems } from '../platform/http/openapi.js';
import { PredictionSchema } from './capture.schema.js';
import { CaptureService } from './capture.service.js';

@ApiTags('capture')
@ApiBearerAuth()
@Controller('v1/predictions')
export class CaptureController {
  constructor(private readonly capture: CaptureService) {}

  @Post()
  @Needs('ingest')
  @ApiOperation({ summary: 'Tell what the model said: one object, a batch, or NDJSON' })
  @ApiPostedItems(PredictionSchema)
  async accept(
    @ProjectId() projectId: string,
    @IdempotencyKey() key: string | undefined,
    @Body() body: unknown,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const posted = postedItems(body, key);
    sendOutcomes(reply, await this.capture.accept(projectId, posted.items), posted);
  }

  @Get(':id')
  @Needs('read')
  @ApiOperation({ summary: 'One prediction with its input, its label and contradicting bodies' })
  read(@ProjectId() projectId: string, @Param('id') id: string) {
    return this.capture.read(projectId, id);
  }
}
