import { Body, Controller, Get, Param, Post, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { FeedbackSource } from '../jobs.js';
import { FeedbackFrom, Needs, ProjectId } from '../platform/http/auth.js';
import { postedItems, sendOutcomes } from '../platform/http/batch.js';
import { IdempotencyKey } from '../platform/http/idempotency.js';
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
  async accept(
    @FeedbackFrom() source: FeedbackSource,
    @IdempotencyKey() key: string | undefined,
    @Body() body: unknown,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const posted = postedItems(body, key);
    sendOutcomes(reply, await this.feedback.accept(source, posted.items), posted);
  }

  @Get(':id')
  @Needs('read')
  @ApiOperation({ summary: 'The receipt of one feedback: joined, in a snapshot, in a model, live' })
  receipt(@ProjectId() projectId: string, @Param('id') id: string) {
    return this.feedback.receipt(projectId, id);
  }
}
