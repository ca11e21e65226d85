import { Module } from '@nestjs/common';
import { FreezeProcessor } from './freeze.processor.js';
import { SideService } from './side.service.js';
import { SideStore } from './side.store.js';
import { SnapshotController } from './snapshot.controller.js';
import { SnapshotService } from './snapshot.service.js';
import { SnapshotStore } from './snapshot.store.js';
import { TickProcessor } from './tick.processor.js';
import { TickService } from './tick.service.js';

@Module({
  controllers: [SnapshotController],
  providers: [SnapshotService, SnapshotStore, SideService, SideStore, TickService, TickProcessor, FreezeProcessor],
})
export class SnapshotModule {}
