import { Global, Module } from '@nestjs/common';
import { PredictionIntake } from '../jobs.js';
import { CaptureController } from './capture.controller.js';
import { CaptureService } from './capture.service.js';
import { CaptureStore } from './capture.store.js';
import { PackProcessor } from './pack.processor.js';
import { PackService } from './pack.service.js';
import { PackStore } from './pack.store.js';
import { PartitionService } from './partition.service.js';
import { PartitionStore } from './partition.store.js';
import { PredictionRestoreService } from './restore.service.js';
import { PredictionRestoreStore } from './restore.store.js';
import { UploadController } from './upload.controller.js';
import { UploadProcessor } from './upload.processor.js';
import { UploadService } from './upload.service.js';
import { UploadStore } from './upload.store.js';

/** Global for one thing: the intake that serve hands its answers to (see jobs.ts). */
@Global()
@Module({
  controllers: [CaptureController, UploadController],
  providers: [
    CaptureService,
    CaptureStore,
    PackService,
    PackStore,
    PackProcessor,
    PartitionService,
    PartitionStore,
    PredictionRestoreService,
    PredictionRestoreStore,
    UploadService,
    UploadStore,
    UploadProcessor,
    { provide: PredictionIntake, useExisting: CaptureService },
  ],
  exports: [PredictionIntake],
})
export class CaptureModule {}
