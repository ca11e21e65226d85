import { Injectable } from '@nestjs/common';
import { ObjectStore } from '../platform/object-store/object-store.js';
import { Packer } from '../platform/object-store/packer.js';
import { PackStore } from './pack.store.js';

/** Moves committed payloads into packs. */
@Injectable()
export class PackService {
  private readonly packer: Packer;

  constructor(store: PackStore, objects: ObjectStore) {
    this.packer = new Packer(store, objects, 'packs');
  }

  packOpen(projectId: string, now = new Date()): Promise<void> {
    return this.packer.packOpen(projectId, now);
  }
}
