import { Module } from '@nestjs/common';
import { BaseController } from './base.controller.js';
import { BaseService } from './base.service.js';
import { BaseStore } from './base.store.js';
import { TrainController } from './train.controller.js';
import { TrainProcessor } from './train.processor.js';
import { TrainService } from './train.service.js';
import { TrainStore } from './train.store.js';

@Module({
  controllers: [TrainController, BaseController],
  providers: [TrainService, TrainStore, TrainProcessor, BaseService, BaseStore],
})
export class TrainModule {}
