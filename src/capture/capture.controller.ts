import { Controller, Get, Param, Post, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Needs, ProjectId, projectOf } from '../platform/http/auth.js';
import { postedItems, sendOutcomes } from '../platform/http/batch.js';
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
  async accept(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    // Of the request itself: each part that a decorator takes from it waits for pipes, and this is the busiest route.
    const posted = postedItems(request);
    sendOutcomes(reply, await this.capture.accept(projectOf(request), posted.items), posted);
  }

  @Get(':id')
  @Needs('read')
  @ApiOperation({ summary: 'One prediction with its input, its label and contradicting bodies' })
  read(@ProjectId() projectId: string, @Param('id') id: string) {
    return this.capture.read(projectId, id);
  }
}
