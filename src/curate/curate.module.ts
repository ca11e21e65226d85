import { Module } from '@nestjs/common';
import { CurateController } from './curate.controller.js';
import { CurateService } from './curate.service.js';
import { OrphanStore } from './orphan.store.js';
import { ReviewService } from './review.service.js';
import { ReviewStore } from './review.store.js';
import { SampleStore } from './sample.store.js';

@Module({
  controllers: [CurateController],
  providers: [CurateService, SampleStore, OrphanStore, ReviewService, ReviewStore],
})
export class CurateModule {}
