import { gzipSync } from 'node:zlib';
import { Injectable } from '@nestjs/common';
import { LoopError } from '../core/errors.js';
import { isUuid, newId, sha256 } from '../core/ids.js';
import { encodeManifest, type ManifestLine } from '../core/manifest.js';
import { type Page, pageOf } from '../core/page.js';
import { trainModel } from '../jobs.js';
import { ObjectStore } from '../platform/object-store/object-store.js';
import { readSnapshot } from '../platform/object-store/snapshot-reader.js';
import { JobQueue } from '../platform/queue/job-queue.js';
import { type Snapshot, SnapshotStore } from './snapshot.store.js';

export interface FreezeOrder {
  readonly projectId: string;
  /** The run that the snapshot is for; null when somebody only wants the snapshot. */
  readonly runId: string | null;
  readonly trigger: string;
  readonly reason: string;
}

/** What do we know, frozen? */
@Injectable()
export class SnapshotService {
  constructor(
    private readonly store: SnapshotStore,
    private readonly objects: ObjectStore,
    private readonly jobs: JobQueue,
  ) {}

  /** Freezes all labelled samples and offers the training run. Asked again for the same run, it gives the same snapshot. */
  async freeze(order: FreezeOrder): Promise<Snapshot> {
    const known = order.runId === null ? null : await this.store.ofRun(order.runId);
    const snapshot = known ?? (await this.write(order));
    const { projectId, runId, id: snapshotId } = snapshot;
    if (runId !== null) await this.jobs.hint(trainModel, { projectId, runId, snapshotId });
    return snapshot;
  }

  async read(projectId: string, id: string) {
    return shown(await this.find(projectId, id));
  }

  async list(
    projectId: string,
    page: { limit: number; cursor?: string | undefined },
  ): Promise<Page<ReturnType<typeof shown>>> {
    return pageOf(await this.store.list(projectId, page), page.limit, ({ id }) => id, shown);
  }

  /** The samples with their inputs, one JSON object a line. */
  async export(projectId: string, id: string): Promise<string> {
    const { manifestKey } = await this.find(projectId, id);
    const samples = await readSnapshot(this.objects, manifestKey);
    return samples
      .map(({ sampleId, label, split, input }) => `${JSON.stringify({ id: sampleId, label, split, input })}\n`)
      .join('');
  }

  private async find(projectId: string, id: string): Promise<Snapshot> {
    const snapshot = isUuid(id) ? await this.store.find(projectId, id) : null;
    if (!snapshot) throw new LoopError('not-found', `There is no snapshot ${id} in this project.`);
    return snapshot;
  }

  /** The object is written before the row, so that no row names a manifest that is not there. */
  private async write({ projectId, runId, trigger, reason }: FreezeOrder): Promise<Snapshot> {
    const parent = await this.store.latest(projectId);
    const cut = await this.store.cut(projectId);
    const lines = await this.store.lines(projectId);
    const text = encodeManifest(lines);
    const id = newId();
    const manifestKey = `snapshots/${projectId}/${id}.ndjson.gz`;
    await this.objects.put(manifestKey, gzipSync(text), 'application/gzip');
    const trainCount = lines.filter(({ split }) => split === 'train').length;
    return this.store.insert({
      id,
      projectId,
      runId,
      trigger,
      reason,
      manifestKey,
      sha256: sha256(text),
      trainCount,
      holdoutCount: lines.length - trainCount,
      newLabels: lines.filter(({ revision }) => BigInt(revision) > (parent?.cut ?? 0n)).length,
      labelCounts: labelCounts(lines),
      cut,
      parentId: parent?.id ?? null,
    });
  }
}

function labelCounts(lines: readonly ManifestLine[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { label } of lines) counts[label] = (counts[label] ?? 0) + 1;
  return counts;
}

/** A snapshot as the API shows it. */
function shown({ cut: _cut, projectId: _projectId, manifestKey: _key, ...snapshot }: Snapshot) {
  return snapshot;
}
