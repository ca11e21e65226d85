import { Module } from '@nestjs/common';
import { CurateController } from './curate.controller.js';
import { CurateService } from './curate.service.js';
import { DriftProcessor } from './drift.processor.js';
import { DriftService } from './drift.service.js';
import { InsightController } from './insight.controller.js';
import { InsightService } from './insight.service.js';
import { InsightStore } from './insight.store.js';
import { JudgeStore } from './judge.store.js';
import { OrphanStore } from './orphan.store.js';
import { ReviewService } from './review.service.js';
import { ReviewStore } from './review.store.js';
import { SampleStore } from './sample.store.js';

@Module({
  controllers: [CurateController, InsightController],
  providers: [
    DriftService,
    DriftProcessor,
    CurateService,
    InsightService,
    InsightStore,
    JudgeStore,
    SampleStore,
    OrphanStore,
    ReviewService,
    ReviewStore,
  ],
})
export class CurateModule {}
