import { Injectable } from '@nestjs/common';
import { sha256 } from '../core/ids.js';
import { type PackLine, readLine } from '../core/pack-line.js';
import { type PostedPrediction, type PredictionRow, restoredRow } from '../core/prediction-row.js';
import { DEFAULT_SETTINGS } from '../core/settings.js';
import { ObjectStore } from '../platform/object-store/object-store.js';
import { blockOffsetsOf, decodePack, type PackKey, unknownPacks } from '../platform/object-store/packs.js';
import { PredictionRestoreStore, type RestoredPrediction } from './restore.store.js';
import { UploadService } from './upload.service.js';

type Line = PackLine<PostedPrediction & { id: string; occurredAt: string }>;

/** Makes the rows of predictions again from the packs in the object store. */
@Injectable()
export class PredictionRestoreService {
  constructor(
    private readonly store: PredictionRestoreStore,
    private readonly objects: ObjectStore,
    private readonly uploads: UploadService,
  ) {}

  /** Packs whose rows are missing. Packs that the database knows, stored or being written, are left alone. */
  missing(): Promise<PackKey[]> {
    return unknownPacks(this.objects, 'packs/', (ids) => this.store.known(ids));
  }

  /** Restores one pack in one transaction; its project must be there. Tells how many predictions it brought. */
  async restore(pack: PackKey): Promise<number> {
    const body = await this.objects.get(pack.objectKey);
    const lines = decodePack(body).map((line) => readLine<NonNullable<Line['item']>>(line));
    const predictions = lines.flatMap((line, n) => (line.item ? [restored(pack.projectId, line, n)] : []));
    const answers = lines.flatMap(({ item }) => item?.output ?? []);
    await this.store.fixTask(pack.projectId, answers);
    for (const { item } of lines) if (item && 'blob' in item.input) await this.uploads.restore(item.input.blob);
    const facts = { bytes: body.length, sha256: sha256(body), blockOffsets: blockOffsetsOf(body), lines: lines.length };
    return this.store.insert({ ...pack, ...facts }, predictions);
  }
}

function restored(projectId: string, line: Line, batchLine: number): RestoredPrediction {
  const row: PredictionRow = restoredRow(projectId, line, DEFAULT_SETTINGS.holdoutPercent);
  return { ...row, batchLine, receivedAt: line.receivedAt ?? row.occurredAt };
}
