import { Module } from '@nestjs/common';
import { PromoteController } from './promote.controller.js';
import { PromoteProcessor } from './promote.processor.js';
import { PromoteService } from './promote.service.js';
import { PromoteStore } from './promote.store.js';
import { QuarantineController } from './quarantine.controller.js';
import { QuarantineService } from './quarantine.service.js';
import { QuarantineStore } from './quarantine.store.js';
import { DecisionRestoreService } from './restore.service.js';
import { DecisionRestoreStore } from './restore.store.js';
import { TakeBackProcessor } from './take-back.processor.js';

@Module({
  controllers: [PromoteController, QuarantineController],
  providers: [
    PromoteService,
    PromoteStore,
    PromoteProcessor,
    TakeBackProcessor,
    QuarantineService,
    QuarantineStore,
    DecisionRestoreService,
    DecisionRestoreStore,
  ],
})
export class PromoteModule {}
