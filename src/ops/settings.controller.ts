import { Body, Controller, Get, Patch } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { type Caller, CurrentCaller, Needs, ProjectId } from '../platform/http/auth.js';
import { ApiJsonBody } from '../platform/http/openapi.js';
import { ProjectPatch } from './project.schema.js';
import { ProjectService } from './project.service.js';

/** The key's own project: who may promote by hand may also change what the loop does by itself. */
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
}
