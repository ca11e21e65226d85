import { Module } from '@nestjs/common';
import { EvaluateProcessor } from './evaluate.processor.js';
import { EvaluateService } from './evaluate.service.js';
import { EvaluateStore } from './evaluate.store.js';

@Module({ providers: [EvaluateService, EvaluateStore, EvaluateProcessor] })
export class EvaluateModule {}
