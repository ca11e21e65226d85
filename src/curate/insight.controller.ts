import { Controller, Get, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { Needs, ProjectId } from '../platform/http/auth.js';
import { ApiQueryOf } from '../platform/http/openapi.js';
import { DaysQuery, MapQuery } from './curate.schema.js';
import { InsightService } from './insight.service.js';

@ApiTags('curate')
@ApiBearerAuth()
@Controller('v1/insights')
export class InsightController {
  constructor(private readonly insights: InsightService) {}

  @Get('accuracy')
  @Needs('read')
  @ApiOperation({ summary: 'How good the answers to all traffic are: from random audits, with intervals' })
  @ApiQueryOf(DaysQuery)
  accuracy(@ProjectId() projectId: string, @Query({ schema: DaysQuery }) { days }: z.infer<typeof DaysQuery>) {
    return this.insights.accuracy(projectId, days);
  }

  @Get('drift')
  @Needs('read')
  @ApiOperation({ summary: 'What has changed in the latest traffic, the largest change first' })
  drift(@ProjectId() projectId: string) {
    return this.insights.drift(projectId);
  }

  @Get('raters')
  @Needs('read')
  @ApiOperation({ summary: 'Who labels, how far they can be trusted, and what they cannot agree on' })
  raters(@ProjectId() projectId: string) {
    return this.insights.raters(projectId);
  }

  @Get('suspects')
  @Needs('read')
  @ApiOperation({ summary: 'Labels that models which never saw them doubt, the most doubtful first' })
  suspects(@ProjectId() projectId: string) {
    return this.insights.suspects(projectId);
  }

  @Get('duplicates')
  @Needs('read')
  @ApiOperation({ summary: 'Inputs that are the same or nearly so; those with different labels first' })
  duplicates(@ProjectId() projectId: string) {
    return this.insights.duplicates(projectId);
  }

  @Get('map')
  @Needs('read')
  @ApiOperation({ summary: 'The samples that a version learnt from, in two dimensions' })
  @ApiQueryOf(MapQuery)
  map(@ProjectId() projectId: string, @Query({ schema: MapQuery }) { version }: z.infer<typeof MapQuery>) {
    return this.insights.map(projectId, version);
  }
}
