import { Global, Module } from '@nestjs/common';
import { FeedbackIntake } from '../jobs.js';
import { CrowdProcessor } from './crowd.processor.js';
import { CrowdService } from './crowd.service.js';
import { CrowdStore } from './crowd.store.js';
import { FeedbackController } from './feedback.controller.js';
import { FeedbackService } from './feedback.service.js';
import { FeedbackStore } from './feedback.store.js';
import { ReceiptStore } from './receipt.store.js';
import { JoinProcessor } from './join.processor.js';
import { FeedbackPackProcessor } from './pack.processor.js';
import { FeedbackPackService } from './pack.service.js';
import { FeedbackPackStore } from './pack.store.js';
import { FeedbackRestoreService } from './restore.service.js';
import { FeedbackRestoreStore } from './restore.store.js';

/** Global for one thing: the intake that curate hands reviewers' decisions to (see jobs.ts). */
@Global()
@Module({
  controllers: [FeedbackController],
  providers: [
    FeedbackService,
    FeedbackStore,
    ReceiptStore,
    JoinProcessor,
    CrowdService,
    CrowdStore,
    CrowdProcessor,
    FeedbackPackService,
    FeedbackPackStore,
    FeedbackPackProcessor,
    FeedbackRestoreService,
    FeedbackRestoreStore,
    { provide: FeedbackIntake, useExisting: FeedbackService },
  ],
  exports: [FeedbackIntake],
})
export class FeedbackModule {}
