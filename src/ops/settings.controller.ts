import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { type Caller, CurrentCaller, Needs, ProjectId } from '../platform/http/auth.js';
import { ApiJsonBody } from '../platform/http/openapi.js';
import { NewKeyOrder, ProjectPatch } from './project.schema.js';
import { ProjectService } from './project.service.js';

/** The key's own project: who may promote by hand may also change what the loop does by itself, and whom it lets in. */
@ApiTags('ops')
@ApiBearerAuth()
@Controller('v1/settings')
export class SettingsController {
  constructor(private readonly projects: ProjectService) {}

  @Get()
  @Needs('read')
  @ApiOperation({ summary: "The key's project with its settings" })
  read(@ProjectId() projectId: string) {
    return this.projects.read(projectId);
  }

  @Patch()
  @Needs('admin')
  @ApiOperation({ summary: "Change the name or some settings of the key's project" })
  @ApiJsonBody(ProjectPatch)
  change(
    @CurrentCaller() { projectId, keyName }: Caller,
    @Body({ schema: ProjectPatch }) patch: z.infer<typeof ProjectPatch>,
  ) {
    return this.projects.change(projectId!, patch, keyName);
  }

  @Get('keys')
  @Needs('admin')
  @ApiOperation({ summary: "Keys of the key's project, living and revoked, without the keys themselves" })
  listKeys(@ProjectId() projectId: string) {
    return this.projects.listKeys(projectId);
  }

  @Post('keys')
  @Needs('admin')
  @ApiOperation({
    summary:
      "A new key of the key's project, with no higher limit than its own; this answer is the only one that shows it",
  })
  @ApiJsonBody(NewKeyOrder)
  createKey(
    @CurrentCaller() { projectId, keyName, requestsAMinute: own }: Caller,
    @Body({ schema: NewKeyOrder }) { requestsAMinute, ...order }: z.infer<typeof NewKeyOrder>,
  ) {
    const limits = [own, requestsAMinute].filter((limit) => limit != null);
    const limit = limits.length > 0 ? { requestsAMinute: Math.min(...limits) } : {};
    return this.projects.createKey(projectId!, { ...order, ...limit }, keyName);
  }

  @Delete('keys/:id')
  @HttpCode(204)
  @Needs('admin')
  @ApiOperation({ summary: "Revoke a key of the key's project" })
  revokeKey(@CurrentCaller() { projectId, keyName }: Caller, @Param('id') id: string): Promise<void> {
    return this.projects.revokeKey(projectId!, id, keyName);
  }
}
