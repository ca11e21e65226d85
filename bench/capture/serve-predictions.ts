import 'reflect-metadata';
import { Body, Controller, Get, HttpCode, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';

/** Serves POST /v1/predictions on PORT: Nest on Fastify like the service, and nothing but what `accept` does. */
export async function servePredictions(accept: (body: unknown) => unknown): Promise<void> {
  @Controller('v1/predictions')
  class PredictionsController {
    @Get()
    ready() {
      return {};
    }

    @Post()
    @HttpCode(202)
    accept(@Body() body: unknown) {
      return accept(body);
    }
  }

  @Module({ controllers: [PredictionsController] })
  class PredictionsModule {}

  const app = await NestFactory.create(PredictionsModule, new FastifyAdapter(), { logger: false });
  await app.listen(Number(process.env.PORT), '127.0.0.1');
}
