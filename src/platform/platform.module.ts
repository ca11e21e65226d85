import { Registry } from 'prom-client';
import { type DynamicModule, Global, Module } from '@nestjs/common';
import type { JobDefinition } from './queue/define-job.js';
import type { Config } from './config.js';
import { Database } from './database/database.js';
import { ModelRuntime } from './model-runtime/model-runtime.js';
import { ObjectStore } from './object-store/object-store.js';
import { QueueModule } from './queue/queue.module.js';
import { CONFIG } from './tokens.js';

/** What the stages stand on. Made by the one who starts the program and closed by him, last. */
export interface Platform {
  readonly config: Config;
  readonly database: Database;
  readonly databaseUrl: string;
  readonly objects: ObjectStore;
}

@Global()
@Module({})
export class PlatformModule {
  static with({ config, database, databaseUrl, objects }: Platform, jobs: readonly JobDefinition[]): DynamicModule {
    return {
      module: PlatformModule,
      imports: [QueueModule.with({ redisUrl: config.REDIS_URL, databaseUrl }, jobs)],
      providers: [
        { provide: CONFIG, useValue: config },
        { provide: Database, useValue: database },
        { provide: ObjectStore, useValue: objects },
        { provide: Registry, useFactory: () => new Registry() },
        ModelRuntime,
      ],
      exports: [CONFIG, Database, ObjectStore, Registry, ModelRuntime],
    };
  }
}
