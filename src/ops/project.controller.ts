import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { type Caller, CurrentCaller, Needs } from '../platform/http/auth.js';
import { ApiJsonBody } from '../platform/http/openapi.js';
import { NewKeyOrder, NewProject, ProjectPatch } from './project.schema.js';
import { ProjectService } from './project.service.js';

@ApiTags('ops')
@ApiBearerAuth()
@Needs('operator')
@Controller('v1/projects')
export class ProjectController {
  constructor(private readonly projects: ProjectService) {}

  @Post()
  @ApiOperation({ summary: 'A new project; its keys are made with POST .../keys' })
  @ApiJsonBody(NewProject)
  create(@CurrentCaller() { keyName }: Caller, @Body({ schema: NewProject }) order: z.infer<typeof NewProject>) {
    return this.projects.create(order, keyName);
  }

  @Get()
  @ApiOperation({ summary: 'All projects' })
  list() {
    return this.projects.list();
  }

  @Get(':project')
  @ApiOperation({ summary: 'One project with its settings' })
  read(@Param('project') project: string) {
    return this.projects.read(project);
  }

  @Patch(':project')
  @ApiOperation({ summary: 'Change the name or some settings' })
  @ApiJsonBody(ProjectPatch)
  change(
    @CurrentCaller() { keyName }: Caller,
    @Param('project') project: string,
    @Body({ schema: ProjectPatch }) patch: z.infer<typeof ProjectPatch>,
  ) {
    return this.projects.change(project, patch, keyName);
  }

  @Post(':project/keys')
  @ApiOperation({ summary: 'A new key; this answer is the only one that shows it' })
  @ApiJsonBody(NewKeyOrder)
  createKey(
    @CurrentCaller() { keyName }: Caller,
    @Param('project') project: string,
    @Body({ schema: NewKeyOrder }) order: z.infer<typeof NewKeyOrder>,
  ) {
    return this.projects.createKey(project, order, keyName);
  }

  @Get(':project/keys')
  @ApiOperation({ summary: 'Keys, living and revoked, without the keys themselves' })
  listKeys(@Param('project') project: string) {
    return this.projects.listKeys(project);
  }

  @Delete(':project/keys/:id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Revoke a key' })
  revokeKey(
    @CurrentCaller() { keyName }: Caller,
    @Param('project') project: string,
    @Param('id') id: string,
  ): Promise<void> {
    return this.projects.revokeKey(project, id, keyName);
  }
}
