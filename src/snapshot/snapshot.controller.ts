import { Body, Controller, Get, Param, Post, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { Needs, ProjectId } from '../platform/http/auth.js';
import { ApiQueryOf } from '../platform/http/openapi.js';
import { PageById } from '../platform/http/page.js';
import { EXPORT_TYPES } from '../platform/object-store/sample-export.js';
import { ExportQuery, SnapshotOrder } from './snapshot.schema.js';
import { SnapshotService } from './snapshot.service.js';

@ApiTags('snapshot')
@ApiBearerAuth()
@Controller('v1/snapshots')
export class SnapshotController {
  constructor(private readonly snapshots: SnapshotService) {}

  @Post()
  @Needs('admin')
  @ApiOperation({ summary: 'Freeze all labelled samples now, without training' })
  async freeze(@ProjectId() projectId: string, @Body({ schema: SnapshotOrder }) order: z.infer<typeof SnapshotOrder>) {
    const reason = order?.reason ?? 'asked for';
    const { id } = await this.snapshots.freeze({ projectId, runId: null, trigger: 'manual', reason });
    return this.snapshots.read(projectId, id);
  }

  @Get()
  @Needs('read')
  @ApiOperation({ summary: 'Snapshots, newest first' })
  @ApiQueryOf(PageById)
  list(@ProjectId() projectId: string, @Query({ schema: PageById }) page: z.infer<typeof PageById>) {
    return this.snapshots.list(projectId, page);
  }

  @Get(':id')
  @Needs('read')
  @ApiOperation({ summary: 'One snapshot: counts, hash, lineage' })
  read(@ProjectId() projectId: string, @Param('id') id: string) {
    return this.snapshots.read(projectId, id);
  }

  @Get(':id/export')
  @Needs('read')
  @ApiOperation({ summary: 'Its samples with their inputs, as NDJSON, CSV or Parquet' })
  @ApiQueryOf(ExportQuery)
  async export(
    @ProjectId() projectId: string,
    @Param('id') id: string,
    @Query({ schema: ExportQuery }) { format }: z.infer<typeof ExportQuery>,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const file = await this.snapshots.export(projectId, id, format);
    const name = `attachment; filename="${id}.${format}"`;
    void reply.type(EXPORT_TYPES[format]).header('content-disposition', name).send(file);
  }
}
