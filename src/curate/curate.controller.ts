import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { type Caller, CurrentCaller, Needs, ProjectId } from '../platform/http/auth.js';
import { ApiJsonBody, ApiQueryOf } from '../platform/http/openapi.js';
import { ConfusionQuery, ReviewDecision, ReviewQuery, SampleQuery } from './curate.schema.js';
import { CurateService } from './curate.service.js';
import { ReviewService } from './review.service.js';

@ApiTags('curate')
@ApiBearerAuth()
@Controller('v1')
export class CurateController {
  constructor(
    private readonly samples: CurateService,
    private readonly reviews: ReviewService,
  ) {}

  @Get('samples')
  @Needs('read')
  @ApiOperation({ summary: 'Look at the data: predictions with what is known of their labels' })
  @ApiQueryOf(SampleQuery)
  list(@ProjectId() projectId: string, @Query({ schema: SampleQuery }) filter: z.infer<typeof SampleQuery>) {
    return this.samples.list(projectId, filter);
  }

  @Get('samples/:id')
  @Needs('read')
  @ApiOperation({ summary: 'One sample with everything that was said about it' })
  read(@ProjectId() projectId: string, @Param('id') id: string) {
    return this.samples.read(projectId, id);
  }

  @Get('predictions/:id/timeline')
  @Needs('read')
  @ApiOperation({ summary: 'What became of a prediction: received, said, labelled, in-dataset, in-model, live' })
  timeline(@ProjectId() projectId: string, @Param('id') id: string) {
    return this.samples.timeline(projectId, id);
  }

  @Get('insights/confusion')
  @Needs('read')
  @ApiOperation({ summary: 'Confusion matrix of labelled traffic; a cell is samples?label=..&predicted=..' })
  @ApiQueryOf(ConfusionQuery)
  confusion(@ProjectId() projectId: string, @Query({ schema: ConfusionQuery }) filter: z.infer<typeof ConfusionQuery>) {
    return this.samples.confusion(projectId, filter);
  }

  @Get('insights/balance')
  @Needs('read')
  @ApiOperation({ summary: 'How often each label was given and predicted' })
  balance(@ProjectId() projectId: string) {
    return this.samples.balance(projectId);
  }

  @Get('insights/orphans')
  @Needs('read')
  @ApiOperation({ summary: 'Feedback whose prediction never came, by key and client' })
  orphans(@ProjectId() projectId: string) {
    return this.samples.orphans(projectId);
  }

  @Get('review/next')
  @Needs('review')
  @ApiOperation({ summary: 'What to look at next, leased for ten minutes, with why and with what probability' })
  @ApiQueryOf(ReviewQuery)
  next(@CurrentCaller() caller: Caller, @Query({ schema: ReviewQuery }) { n, rater }: z.infer<typeof ReviewQuery>) {
    return this.reviews.next(caller.projectId!, n, rater ?? caller.keyName);
  }

  @Post('review/:sampleId')
  @HttpCode(200)
  @Needs('review')
  @ApiOperation({ summary: "A reviewer's decision" })
  @ApiJsonBody(ReviewDecision)
  decide(
    @CurrentCaller() caller: Caller,
    @Param('sampleId') sampleId: string,
    @Body({ schema: ReviewDecision }) decision: ReviewDecision,
  ) {
    const source = { projectId: caller.projectId!, keyId: caller.keyId };
    return this.reviews.decide(source, sampleId, { ...decision, rater: decision.rater ?? caller.keyName });
  }
}
