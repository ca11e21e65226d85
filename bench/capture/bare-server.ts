import 'reflect-metadata';
import { Body, Controller, Get, HttpCode, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { PredictionSchema } from '../../src/capture/capture.schema.js';
import { newId } from '../../src/core/ids.js';

/** What the HTTP server itself can do: Nest on Fastify that validates the same body and answers, and keeps nothing. */
@Controller('v1/predictions')
class BareController {
  @Get()
  ready() {
    return {};
  }

  @Post()
  @HttpCode(202)
  accept(@Body() body: unknown) {
    PredictionSchema.parse(body);
    return { status: 'accepted', id: newId() };
  }
}

@Module({ controllers: [BareController] })
class BareModule {}

const app = await NestFactory.create(BareModule, new FastifyAdapter(), { logger: false });
await app.listen(Number(process.env.PORT), '127.0.0.1');
