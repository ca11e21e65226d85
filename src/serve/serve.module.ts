import { Module } from '@nestjs/common';
import { PeopleService } from './people.service.js';
import { ServeController } from './serve.controller.js';
import { ServeService } from './serve.service.js';
import { ServeStore } from './serve.store.js';
import { StandInService } from './stand-in.service.js';

@Module({ controllers: [ServeController], providers: [PeopleService, ServeService, ServeStore, StandInService] })
export class ServeModule {}
