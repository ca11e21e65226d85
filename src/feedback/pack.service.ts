import { Injectable } from '@nestjs/common';
import { ObjectStore } from '../platform/object-store/object-store.js';
import { Packer } from '../platform/object-store/packer.js';
import { FeedbackPackStore } from './pack.store.js';

/** Writes accepted feedback into packs, from which it can be restored. */
@Injectable()
export class FeedbackPackService {
  private readonly packer: Packer;

  constructor(store: FeedbackPackStore, objects: ObjectStore) {
    this.packer = new Packer(store, objects, 'feedback');
  }

  packOpen(projectId: string, now = new Date()): Promise<void> {
    return this.packer.packOpen(projectId, now);
  }
}
