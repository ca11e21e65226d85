import { Body, Controller, Get, HttpCode, Param, Post, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import type { Input } from '../core/input.js';
import { cachedForKey, Needs, ProjectId } from '../platform/http/auth.js';
import { ApiJsonBody, ApiVersionParam } from '../platform/http/openapi.js';
import { FileName, PredictOrder, VersionOrChampion } from './serve.schema.js';
import { ServeService } from './serve.service.js';

const CONTENT_TYPES: Readonly<Record<string, string>> = { json: 'application/json', js: 'text/javascript' };

@ApiTags('serve')
@ApiBearerAuth()
@Controller('v1')
export class ServeController {
  constructor(private readonly serving: ServeService) {}

  @Post('predict')
  @HttpCode(200)
  @Needs('ingest')
  @ApiOperation({
    summary: 'Ask the champion (before there is one, people); each answer is captured and has its predictionId',
  })
  @ApiJsonBody(PredictOrder)
  predict(@ProjectId() projectId: string, @Body({ schema: PredictOrder }) { inputs }: z.infer<typeof PredictOrder>) {
    return this.serving.predict(projectId, inputs as Input[]);
  }

  @Get('models/:version/:file')
  @Needs('model')
  @ApiVersionParam()
  @ApiOperation({
    summary:
      "A file of a model: model.json and its weights, loadable by tf.loadLayersModel; 'champion' follows promotions",
  })
  async file(
    @ProjectId() projectId: string,
    @Param('version', { schema: VersionOrChampion }) version: z.infer<typeof VersionOrChampion>,
    @Param('file', { schema: FileName }) file: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const found = await this.serving.file(projectId, version, file);
    const type = CONTENT_TYPES[file.split('.').at(-1)!] ?? 'application/octet-stream';
    const caching = version === 'champion' ? 'no-cache' : 'private, max-age=31536000, immutable';
    void reply.type(type).header('model-version', found.version).headers(cachedForKey(caching)).send(found.bytes);
  }
}
