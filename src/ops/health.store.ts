import { Injectable } from '@nestjs/common';
import { Database } from '../platform/database/database.js';

@Injectable()
export class HealthStore {
  constructor(private readonly db: Database) {}

  async ping(): Promise<void> {
    await this.db.query('select 1');
  }
}
