import { writeFile } from 'node:fs/promises';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { PredictionRestoreService } from './capture/restore.service.js';
import { labelsAsSaid } from './core/manifest.js';
import { ReviewService } from './curate/review.service.js';
import { EvaluateStore } from './evaluate/evaluate.store.js';
import { FeedbackRestoreService } from './feedback/restore.service.js';
import { assemble } from './flywheel.js';
import { type Diagnosis, DoctorService } from './ops/doctor.service.js';
import { ProjectService } from './ops/project.service.js';
import type { Config } from './platform/config.js';
import { joinInfrastructure } from './platform/embedded/infrastructure.js';
import { writeImageFolder } from './platform/object-store/image-folder.js';
import { type ExportFormat, exportSamples } from './platform/object-store/sample-export.js';
import { QuarantineService } from './promote/quarantine.service.js';
import { DecisionRestoreService } from './promote/restore.service.js';
import type { KeptDecision } from './promote/restore.store.js';
import { SnapshotService } from './snapshot/snapshot.service.js';
import { SnapshotStore } from './snapshot/snapshot.store.js';
import { BaseService } from './train/base.service.js';
import { TrainStore } from './train/train.store.js';

/*
 * What an operator runs by hand, beside the service or while it is stopped. Nothing here serves or works through
 * queues: the application is put together and asked, never started.
 */

const onLost = (reason: string): never => {
  throw new Error(reason);
};

/** Is everything where the books say it is? Changes nothing. `deep` fetches packs and models and compares their bytes. */
export async function doctor(config: Config, deep: boolean): Promise<Diagnosis> {
  try {
    const { app, close } = await assemble(config, onLost, { open: joinInfrastructure, migrates: false });
    return await app.get(DoctorService).examine(deep).finally(close);
  } catch (error) {
    return { healthy: false, findings: [{ name: 'start', ok: false, detail: (error as Error).message }] };
  }
}

export interface ExportOrder {
  readonly project: string;
  /** The latest one when unset. */
  readonly snapshot?: string | undefined;
  readonly format: ExportFormat | 'imagefolder';
  /** A file or, for `imagefolder`, a folder. */
  readonly out: string;
}

/** Writes the samples of a snapshot where other programs read them. `tell` hears how many of how many are written. */
export async function exportSnapshot(
  config: Config,
  { project, snapshot, format, out }: ExportOrder,
  tell: (written: number, all: number) => void,
): Promise<{ readonly snapshot: string; readonly samples: number }> {
  const { app, close } = await assemble(config, onLost, { open: joinInfrastructure, migrates: false });
  try {
    const { id, samples } = await app.get(SnapshotService).samples(project, snapshot);
    if (format === 'imagefolder') {
      const written = await writeImageFolder(samples, out, (count) => tell(count, samples.length));
      return { snapshot: id, samples: written };
    }
    await writeFile(out, exportSamples(samples, format));
    tell(samples.length, samples.length);
    return { snapshot: id, samples: samples.length };
  } finally {
    await close();
  }
}

export interface Restored {
  readonly packs: number;
  readonly predictions: number;
  readonly feedback: number;
  readonly reviews: number;
  readonly bases: number;
  /** With the versions they are about, and the runs, snapshots and evaluations of these. */
  readonly decisions: number;
  readonly quarantines: number;
}

/**
 * Makes the rows again that the object store speaks of and the database does not know: decisions and what they rest on,
 * predictions, then feedback with the labels, who reviewed what, bases, which labels models have learnt and which are
 * kept out, and last who serves. May be interrupted and run again; `tell` hears of each pack.
 */
export async function rebuild(config: Config, tell: (line: string) => void): Promise<Restored> {
  const { app, close } = await assemble(config, onLost, { open: joinInfrastructure, migrates: true });
  const [predictions, feedback] = [app.get(PredictionRestoreService), app.get(FeedbackRestoreService)];
  const restored = { packs: 0, predictions: 0, feedback: 0, reviews: 0, bases: 0, decisions: 0, quarantines: 0 };
  try {
    await app.get(ProjectService).restoreAll();
    // Before any label: those that are decided after a snapshot are new since then.
    restored.decisions = await app.get(DecisionRestoreService).restoreAll((decision) => restoreBasisOf(app, decision));
    for (const pack of await predictions.missing()) {
      await app.get(ProjectService).ensure(pack.projectId);
      restored.predictions += await predictions.restore(pack);
      restored.packs += 1;
      tell(`${pack.objectKey}: ${restored.predictions} predictions so far`);
    }
    for (const pack of await feedback.missing()) {
      await app.get(ProjectService).ensure(pack.projectId);
      restored.feedback += await feedback.restore(pack);
      restored.packs += 1;
      tell(`${pack.objectKey}: ${restored.feedback} feedback so far`);
    }
    restored.reviews = await app.get(ReviewService).restoreAll();
    restored.bases = await app.get(BaseService).restoreAll();
    await app
      .get(SnapshotService)
      .restoreSides((projectId, lines) => feedback.restoreRevisions(projectId, labelsAsSaid(lines)));
    restored.quarantines = await app
      .get(QuarantineService)
      .restoreAll(({ projectId, labels }) => feedback.restoreRevisions(projectId, labels));
    await app.get(DecisionRestoreService).restoreAliases();
    return restored;
  } finally {
    await close();
  }
}

/** What a decision rests on, in the stages whose rows these are. */
async function restoreBasisOf(app: NestFastifyApplication, decision: KeptDecision): Promise<void> {
  await app.get(ProjectService).ensure(decision.projectId);
  await app.get(SnapshotStore).restore(decision.snapshot);
  await app.get(TrainStore).restore(decision);
  if (decision.evaluation) await app.get(EvaluateStore).restore(decision.evaluation);
}
