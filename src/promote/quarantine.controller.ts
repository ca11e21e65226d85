import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { type Caller, CurrentCaller, Needs, ProjectId } from '../platform/http/auth.js';
import { ApiJsonBody, ApiQueryOf } from '../platform/http/openapi.js';
import { PageById } from '../platform/http/page.js';
import { ReleaseOrder } from './promote.schema.js';
import { QuarantineService } from './quarantine.service.js';

@ApiTags('promote')
@ApiBearerAuth()
@Controller('v1/quarantines')
export class QuarantineController {
  constructor(private readonly quarantines: QuarantineService) {}

  @Get()
  @Needs('read')
  @ApiOperation({ summary: 'Batches of labels kept out of training because their model would have done harm' })
  @ApiQueryOf(PageById)
  list(@ProjectId() projectId: string, @Query({ schema: PageById }) page: z.infer<typeof PageById>) {
    return this.quarantines.list(projectId, page);
  }

  @Post(':id/release')
  @HttpCode(200)
  @Needs('admin')
  @ApiOperation({ summary: 'Somebody has looked: learn from these labels again' })
  @ApiJsonBody(ReleaseOrder)
  release(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Body({ schema: ReleaseOrder }) { reason }: z.infer<typeof ReleaseOrder>,
  ) {
    return this.quarantines.release(caller.projectId!, id, { reason, actor: caller.keyName });
  }
}
