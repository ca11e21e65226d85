import { Controller, Get, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Needs } from '../platform/http/auth.js';
import { HealthService } from './health.service.js';
import { MetricsService } from './metrics.service.js';

@ApiTags('ops')
@Needs('nobody')
@Controller()
export class HealthController {
  constructor(
    private readonly health: HealthService,
    private readonly metrics: MetricsService,
  ) {}

  @Get('health/live')
  @ApiOperation({ summary: 'The process runs' })
  live() {
    return { status: 'live' };
  }

  @Get('health/ready')
  @ApiOperation({ summary: 'Every part it needs answers; 503 with what is wrong otherwise' })
  async ready(@Res({ passthrough: true }) reply: FastifyReply) {
    const readiness = await this.health.readiness();
    if (readiness.status !== 'ready') void reply.status(503).header('retry-after', '1');
    return readiness;
  }

  @Get('metrics')
  @ApiOperation({ summary: 'Prometheus metrics; no project, no id, no input in them' })
  async prometheus(@Res() reply: FastifyReply): Promise<void> {
    const { contentType, text } = await this.metrics.render();
    void reply.type(contentType).send(text);
  }
}
