import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_PIPE } from '@nestjs/core';
import { CaptureModule } from './capture/capture.module.js';
import { CurateModule } from './curate/curate.module.js';
import { EvaluateModule } from './evaluate/evaluate.module.js';
import { FeedbackModule } from './feedback/feedback.module.js';
import { JOBS } from './jobs.js';
import { OpsModule } from './ops/ops.module.js';
import { AuthGuard } from './platform/http/auth.js';
import { IdempotencyGuard } from './platform/http/idempotency.js';
import { ProblemFilter } from './platform/http/problem.filter.js';
import { RateGuard } from './platform/http/rate-limit.js';
import { validationPipe } from './platform/http/validation-pipe.js';
import { type Platform, PlatformModule } from './platform/platform.module.js';
import { PromoteModule } from './promote/promote.module.js';
import { ServeModule } from './serve/serve.module.js';
import { SnapshotModule } from './snapshot/snapshot.module.js';
import { TrainModule } from './train/train.module.js';

/** The loop, stage by stage, in the order a prediction travels. */
const STAGES = [
  CaptureModule,
  FeedbackModule,
  CurateModule,
  SnapshotModule,
  TrainModule,
  EvaluateModule,
  PromoteModule,
  ServeModule,
  OpsModule,
];

@Module({})
export class AppModule {
  static with(platform: Platform): DynamicModule {
    return {
      module: AppModule,
      imports: [PlatformModule.with(platform, JOBS), ...STAGES],
      providers: [
        { provide: APP_GUARD, useClass: AuthGuard },
        { provide: APP_GUARD, useClass: RateGuard },
        { provide: APP_GUARD, useClass: IdempotencyGuard },
        { provide: APP_FILTER, useClass: ProblemFilter },
        { provide: APP_PIPE, useFactory: validationPipe },
      ],
    };
  }
}
