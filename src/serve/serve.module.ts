import { Module } from '@nestjs/common';
import { ServeController } from './serve.controller.js';
import { ServeService } from './serve.service.js';
import { ServeStore } from './serve.store.js';

@Module({ controllers: [ServeController], providers: [ServeService, ServeStore] })
export class ServeModule {}
