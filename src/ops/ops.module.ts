import { Global, Module } from '@nestjs/common';
import { KeyDirectory } from '../platform/http/auth.js';
import { RequestMemory } from '../platform/http/idempotency.js';
import { DoctorService } from './doctor.service.js';
import { DoctorStore } from './doctor.store.js';
import { HealthController } from './health.controller.js';
import { HealthService } from './health.service.js';
import { HealthStore } from './health.store.js';
import { IdempotencyStore } from './idempotency.store.js';
import { KeyService } from './key.service.js';
import { KeyStore } from './key.store.js';
import { LoopController } from './loop.controller.js';
import { LoopService } from './loop.service.js';
import { LoopStore } from './loop.store.js';
import { MetricsService } from './metrics.service.js';
import { MetricsStore } from './metrics.store.js';
import { NoticeService } from './notice.service.js';
import { NoticeStore } from './notice.store.js';
import { NotifyProcessor } from './notify.processor.js';
import { PagesService } from './pages.service.js';
import { ProjectController } from './project.controller.js';
import { ProjectService } from './project.service.js';
import { ProjectStore } from './project.store.js';
import { SessionController } from './session.controller.js';
import { SettingsController } from './settings.controller.js';
import { SweepProcessor } from './sweep.processor.js';
import { SweepService } from './sweep.service.js';
import { SweepStore } from './sweep.store.js';

/** Global for what every route asks: the directory of keys, and the memory of requests made before. */
@Global()
@Module({
  controllers: [ProjectController, SettingsController, LoopController, HealthController, SessionController],
  providers: [
    KeyService,
    KeyStore,
    { provide: KeyDirectory, useExisting: KeyService },
    ProjectService,
    ProjectStore,
    LoopService,
    LoopStore,
    HealthService,
    HealthStore,
    DoctorService,
    DoctorStore,
    MetricsService,
    MetricsStore,
    NoticeService,
    NoticeStore,
    NotifyProcessor,
    PagesService,
    IdempotencyStore,
    { provide: RequestMemory, useExisting: IdempotencyStore },
    SweepService,
    SweepStore,
    SweepProcessor,
  ],
  exports: [KeyDirectory, RequestMemory, ProjectService],
})
export class OpsModule {}
