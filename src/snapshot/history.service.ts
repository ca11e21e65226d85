import { gzipSync } from 'node:zlib';
import { Injectable } from '@nestjs/common';
import { HISTORY_SHARE } from '../core/control.js';
import { encodeManifest, type ManifestLine, withLabelsToday } from '../core/manifest.js';
import { replay } from '../core/replay.js';
import type { ProjectSettings } from '../core/settings.js';
import { ObjectStore } from '../platform/object-store/object-store.js';
import { historyKey } from '../platform/object-store/snapshot-reader.js';
import { SideService } from './side.service.js';
import { SnapshotStore } from './snapshot.store.js';

export interface SnapshotLines {
  readonly manifestKey: string;
  readonly lines: readonly ManifestLine[];
  readonly usedUpTo: bigint;
}

/** What does a bounded snapshot leave out? Only a control asks, once in a while: the cost is that of all history. */
@Injectable()
export class HistoryService {
  constructor(
    private readonly store: SnapshotStore,
    private readonly sides: SideService,
    private readonly objects: ObjectStore,
  ) {}

  /** Keeps beside a snapshot what else could be learnt from, if there is anything. */
  async keep(
    projectId: string,
    { labels, training }: ProjectSettings,
    { manifestKey, lines, usedUpTo }: SnapshotLines,
  ): Promise<void> {
    const inSnapshot = new Set(lines.map(({ sampleId }) => sampleId));
    const all = withLabelsToday(await this.store.lines(projectId, null), labels);
    const others = all.filter(({ sampleId }) => !inSnapshot.has(sampleId));
    const learnable = (await this.sides.place(projectId, others, usedUpTo)).filter(({ split }) => split === 'train');
    if (learnable.length === 0) return;
    const limits = { ...training, maxSamples: HISTORY_SHARE * training.maxSamples };
    const text = encodeManifest(replay(learnable, usedUpTo, limits));
    await this.objects.put(historyKey(manifestKey), gzipSync(text), 'application/gzip');
  }
}
