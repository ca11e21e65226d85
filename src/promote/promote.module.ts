import { Module } from '@nestjs/common';
import { PromoteController } from './promote.controller.js';
import { PromoteProcessor } from './promote.processor.js';
import { PromoteService } from './promote.service.js';
import { PromoteStore } from './promote.store.js';

@Module({
  controllers: [PromoteController],
  providers: [PromoteService, PromoteStore, PromoteProcessor],
})
export class PromoteModule {}
