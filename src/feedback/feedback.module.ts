import { Global, Module } from '@nestjs/common';
import { FeedbackIntake } from '../jobs.js';
import { FeedbackController } from './feedback.controller.js';
import { FeedbackService } from './feedback.service.js';
import { FeedbackStore } from './feedback.store.js';
import { ReceiptStore } from './receipt.store.js';
import { JoinProcessor } from './join.processor.js';

/** Global for one thing: the intake that curate hands reviewers' decisions to (see jobs.ts). */
@Global()
@Module({
  controllers: [FeedbackController],
  providers: [
    FeedbackService,
    FeedbackStore,
    ReceiptStore,
    JoinProcessor,
    { provide: FeedbackIntake, useExisting: FeedbackService },
  ],
  exports: [FeedbackIntake],
})
export class FeedbackModule {}
