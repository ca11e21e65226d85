import { Module } from '@nestjs/common';
import { TrainController } from './train.controller.js';
import { TrainProcessor } from './train.processor.js';
import { TrainService } from './train.service.js';
import { TrainStore } from './train.store.js';

@Module({
  controllers: [TrainController],
  providers: [TrainService, TrainStore, TrainProcessor],
})
export class TrainModule {}
