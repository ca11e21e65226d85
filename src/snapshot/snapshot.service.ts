import { Injectable } from '@nestjs/common';
import { LoopError } from '../core/errors.js';
import { isUuid, newId, sha256 } from '../core/ids.js';
import { encodeManifest, type ManifestLine, type SnapshotSample, withLabelsToday } from '../core/manifest.js';
import { type Page, pageOf } from '../core/page.js';
import { replay } from '../core/replay.js';
import { REFIT } from '../core/retrain-policy.js';
import { countBy } from '../core/tally.js';
import { trainModel } from '../jobs.js';
import { ObjectStore } from '../platform/object-store/object-store.js';
import { compressed } from '../platform/object-store/packs.js';
import { exportSamples, type ExportFormat } from '../platform/object-store/sample-export.js';
import { manifestLines, readSnapshot } from '../platform/object-store/snapshot-reader.js';
import { JobQueue } from '../platform/queue/job-queue.js';
import { SideService } from './side.service.js';
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
    private readonly sides: SideService,
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

  /** The samples with their inputs, as a file of this format. */
  async export(projectId: string, id: string, format: ExportFormat): Promise<Buffer> {
    return exportSamples((await this.samples(projectId, id)).samples, format);
  }

  /** The samples of a snapshot with their inputs, of the latest one when no id is given. */
  async samples(projectId: string, id?: string): Promise<{ id: string; samples: SnapshotSample[] }> {
    const snapshot = id === undefined ? await this.store.latest(projectId) : await this.find(projectId, id);
    if (!snapshot) throw new LoopError('not-found', `There is no snapshot in ${projectId}.`);
    return { id: snapshot.id, samples: await readSnapshot(this.objects, snapshot.manifestKey) };
  }

  /**
   * Puts samples where snapshots had them, once their predictions are restored: what a model learnt from must never
   * judge it.
   * @param restoreRest is called for each snapshot, the youngest first, for what other stages can tell from its lines
   */
  async restoreSides(restoreRest: (projectId: string, lines: readonly ManifestLine[]) => Promise<void>): Promise<void> {
    for (const { projectId, manifestKey } of await this.store.all()) {
      const body = await this.objects.find(manifestKey);
      if (!body) continue;
      const lines = manifestLines(body);
      await this.sides.restore(projectId, lines);
      await restoreRest(projectId, lines);
    }
  }

  private async find(projectId: string, id: string): Promise<Snapshot> {
    const snapshot = isUuid(id) ? await this.store.find(projectId, id) : null;
    if (!snapshot) throw new LoopError('not-found', `There is no snapshot ${id} in this project.`);
    return snapshot;
  }

  /**
   * Everything known: the lines of the snapshot before, corrected by what has changed since. So a run reads what is new
   * and a bounded rest, however much was ever labelled.
   */
  private async known(projectId: string, parent: Snapshot | null): Promise<ManifestLine[]> {
    const before = parent && (await this.objects.find(parent.manifestKey));
    if (!parent || !before) return this.store.lines(projectId, null);
    const lines = manifestLines(before);
    // Lines of before they said when and by whom, and settings under which others might be in, need everything once more.
    const isStale = lines.some(({ occurredAt }) => occurredAt === undefined);
    if (isStale || (await this.store.hasNewSettings(projectId, parent))) return this.store.lines(projectId, null);
    const changed = new Set(await this.store.changedSince(projectId, parent));
    // Their bodies have come to rest in a pack by now, most likely.
    for (const { sampleId, input } of lines) if (input) changed.add(sampleId);
    const kept = lines.filter(({ sampleId }) => !changed.has(sampleId));
    return [...kept, ...(await this.store.lines(projectId, [...changed]))].sort(byId);
  }

  /** The object is written before the row, so that no row names a manifest that is not there. */
  private async write({ projectId, runId, trigger, reason }: FreezeOrder): Promise<Snapshot> {
    const parent = await this.store.latest(projectId);
    const isRefit = trigger === REFIT;
    // What is new stays new for the run that goes on from the model that serves.
    const cut = isRefit && parent ? parent.cut : await this.store.cut(projectId);
    const settings = await this.store.settings(projectId);
    const all = isRefit ? await this.store.lines(projectId, null) : await this.known(projectId, parent);
    const known = withLabelsToday(all, settings.labels);
    const usedUpTo = parent?.cut ?? -1n;
    const placed = await this.sides.place(projectId, known, usedUpTo);
    const { training } = settings;
    const lines = replay(placed, usedUpTo, training, isRefit ? training.maxRefitSamples : training.maxSamples);
    const text = encodeManifest(lines);
    const id = newId();
    const manifestKey = `snapshots/${projectId}/${id}.ndjson.gz`;
    await this.objects.put(manifestKey, await compressed(text), 'application/gzip');
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
      // Nearly every value is another one.
      labelCounts: settings.task === 'regression' ? {} : labelCounts(lines),
      cut,
      parentId: parent?.id ?? null,
    });
  }
}

const byId = (a: ManifestLine, b: ManifestLine): number => (a.sampleId < b.sampleId ? -1 : 1);

const labelCounts = (lines: readonly ManifestLine[]): Record<string, number> =>
  Object.fromEntries(countBy(lines.map(({ label }) => label)));

/** A snapshot as the API shows it. */
function shown({ cut: _cut, projectId: _projectId, manifestKey: _key, ...snapshot }: Snapshot) {
  return snapshot;
}
