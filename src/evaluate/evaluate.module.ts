import { Module } from '@nestjs/common';
import { ContenderService } from './contender.service.js';
import { EvaluateProcessor } from './evaluate.processor.js';
import { EvaluateService } from './evaluate.service.js';
import { EvaluateStore } from './evaluate.store.js';
import { WatchProcessor } from './watch.processor.js';
import { WatchService } from './watch.service.js';
import { WatchStore } from './watch.store.js';

@Module({
  providers: [
    EvaluateService,
    EvaluateStore,
    EvaluateProcessor,
    ContenderService,
    WatchService,
    WatchStore,
    WatchProcessor,
  ],
})
export class EvaluateModule {}
