import { Controller, Get, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { cachedForKey, Needs, ProjectId, projectOf } from '../platform/http/auth.js';
import { postedItems, sendOutcomes } from '../platform/http/batch.js';
import { ApiPostedItems, ApiQueryOf } from '../platform/http/openapi.js';
import { PictureQuery, PredictionSchema } from './capture.schema.js';
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

  @Get(':id/picture')
  @Needs('read')
  @ApiOperation({ summary: 'The picture that a prediction is about, as a small WebP' })
  @ApiQueryOf(PictureQuery)
  @ApiProduces('image/webp')
  async picture(
    @ProjectId() projectId: string,
    @Param('id') id: string,
    @Query({ schema: PictureQuery }) { side }: z.infer<typeof PictureQuery>,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const bytes = await this.capture.picture(projectId, id, side);
    // What a prediction is about stays.
    void reply.type('image/webp').headers(cachedForKey('private, max-age=86400, immutable')).send(bytes);
  }
}
