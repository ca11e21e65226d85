import { Controller, Get } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Needs, ProjectId } from '../platform/http/auth.js';
import { LoopService } from './loop.service.js';

@ApiTags('ops')
@ApiBearerAuth()
@Needs('read')
@Controller('v1')
export class LoopController {
  constructor(private readonly loops: LoopService) {}

  @Get('loop')
  @ApiOperation({ summary: 'State and lag of each stage, feedback-to-live time, and why no training runs now' })
  loop(@ProjectId() projectId: string) {
    return this.loops.loop(projectId);
  }

  @Get('ledger')
  @ApiOperation({
    summary: 'Where every received item is: received = stored + duplicate + conflict + rejected + parked',
  })
  ledger(@ProjectId() projectId: string) {
    return this.loops.ledger(projectId);
  }
}
