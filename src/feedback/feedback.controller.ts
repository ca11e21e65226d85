import { Controller, Get, Param, Post, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { feedbackSourceOf, Needs, ProjectId } from '../platform/http/auth.js';
import { postedItems, sendOutcomes } from '../platform/http/batch.js';
import { ApiPostedItems } from '../platform/http/openapi.js';
import { FeedbackSchema } from './feedback.schema.js';
import { FeedbackService } from './feedback.service.js';

@ApiTags('feedback')
@ApiBearerAuth()
@Controller('v1/feedback')
export class FeedbackController {
  constructor(private readonly feedback: FeedbackService) {}

  @Post()
  @Needs('ingest')
  @ApiOperation({ summary: 'Tell what the model should have said: one object, a batch, or NDJSON' })
  @ApiPostedItems(FeedbackSchema)
  async accept(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    // Like predictions: no part of the request waits for pipes.
    const posted = postedItems(request);
    sendOutcomes(reply, await this.feedback.accept(feedbackSourceOf(request), posted.items), posted);
  }

  @Get(':id')
  @Needs('read')
  @ApiOperation({ summary: 'The receipt of one feedback: joined, in a snapshot, in a model, live' })
  receipt(@ProjectId() projectId: string, @Param('id') id: string) {
    return this.feedback.receipt(projectId, id);
  }
}
