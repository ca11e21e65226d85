import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { Needs, ProjectId } from '../platform/http/auth.js';
import { ApiJsonBody } from '../platform/http/openapi.js';
import { UploadOrder } from './upload.schema.js';
import { UploadService } from './upload.service.js';

@ApiTags('capture')
@ApiBearerAuth()
@Controller('v1/uploads')
export class UploadController {
  constructor(private readonly uploads: UploadService) {}

  @Post()
  @Needs('ingest')
  @ApiOperation({ summary: 'An address to PUT one large input to, with exactly this length, type and SHA-256' })
  @ApiJsonBody(UploadOrder)
  order(@ProjectId() projectId: string, @Body({ schema: UploadOrder }) order: z.infer<typeof UploadOrder>) {
    return this.uploads.order(projectId, order);
  }

  @Post(':id/complete')
  @HttpCode(200)
  @Needs('ingest')
  @ApiOperation({ summary: 'The bytes are there: checks them; then predictions may name the blob' })
  complete(@ProjectId() projectId: string, @Param('id') id: string) {
    return this.uploads.complete(projectId, id);
  }

  @Get(':id')
  @Needs('read')
  @ApiOperation({ summary: 'One upload, with an address to read it from for a quarter of an hour' })
  read(@ProjectId() projectId: string, @Param('id') id: string) {
    return this.uploads.read(projectId, id);
  }
}
